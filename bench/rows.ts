import type { Row } from './harness/row'
import { capacity } from './rows/capacity'
import { chaosRow } from './rows/chaos'
import { fanOut } from './rows/fan-out'
import { libraryRow } from './rows/library'

/** The suite, in the order of the page. */
export const rows: readonly Row[] = [chaosRow, capacity, libraryRow, fanOut]
