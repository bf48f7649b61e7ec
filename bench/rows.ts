import type { Row } from './harness/row'
import { capacity } from './rows/capacity'
import { chaosRow } from './rows/chaos'

/** The suite, in the order of the page. */
export const rows: readonly Row[] = [chaosRow, capacity]
