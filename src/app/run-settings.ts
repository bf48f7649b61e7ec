import { runInputs } from '../flows/run/inputs'
import type { InputValues } from '../inputs/declaration'
import type { RawInputs } from '../inputs/raw-inputs'
import { sourceOf, valuesOf } from '../inputs/values'
import { journalInputs } from '../journal/inputs'
import { authorInputs } from './settings'

const batchInputs = { ...authorInputs, ...journalInputs, ...runInputs }
const batchNeeds = ['ADC_CECREDENTIALS_ORGID', 'JOURNAL_URL'] as const

/**
 * Reads what a run over the journals needs, AEM included.
 * @throws {InputError} systemic, `INPUT_INVALID`, naming every input that is wrong and what to set
 */
export const readBatchSettings = (
  inputs: RawInputs,
): InputValues<typeof batchInputs, (typeof batchNeeds)[number]> =>
  valuesOf(batchInputs, sourceOf(inputs), { required: batchNeeds })

/**
 * Reads how much a run does.
 * @throws {InputError} systemic, `INPUT_INVALID`
 */
export const readRunSettings = (inputs: RawInputs): InputValues<typeof runInputs> =>
  valuesOf(runInputs, sourceOf(inputs))
