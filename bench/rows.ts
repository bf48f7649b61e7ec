import type { Row } from './harness/row'
import { batch } from './rows/batch'
import { capacity } from './rows/capacity'
import { chaosRow } from './rows/chaos'
import { pimBurst } from './rows/pim-burst'

/** The suite, in the order of the page. */
export const rows: readonly Row[] = [chaosRow, capacity, batch, pimBurst]
