import type { Row } from './harness/row'
import { capacity } from './rows/capacity'
import { chaosRow } from './rows/chaos'
import { exportRow } from './rows/export'

/** The suite, in the order of the page. */
export const rows: readonly Row[] = [exportRow, chaosRow, capacity]
