import type { Row } from './harness/row'
import { burst } from './rows/burst'
import { capacity } from './rows/capacity'
import { chaosRow } from './rows/chaos'
import { cold } from './rows/cold'
import { warm } from './rows/warm'

/** The suite, in the order of the page. */
export const rows: readonly Row[] = [cold, warm, burst, chaosRow, capacity]
