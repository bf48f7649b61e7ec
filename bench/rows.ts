import type { Row } from './harness/row'
import { batch } from './rows/batch'
import { burst } from './rows/burst'
import { capacity } from './rows/capacity'
import { chaosRow } from './rows/chaos'
import { cold } from './rows/cold'
import { exportRow } from './rows/export'
import { fanOut } from './rows/fan-out'
import { libraryRow } from './rows/library'
import { pimBurst } from './rows/pim-burst'
import { warm } from './rows/warm'

/** The suite, in the order of the page. */
export const rows: readonly Row[] = [
  cold,
  warm,
  burst,
  exportRow,
  batch,
  pimBurst,
  libraryRow,
  fanOut,
  chaosRow,
  capacity,
]
