import { aemInputs } from '../aem/inputs'
import { runInputs } from '../flows/run/inputs'
import { imsInputs } from '../ims/inputs'
import type { InputValues } from '../inputs/declaration'
import type { RawInputs } from '../inputs/raw-inputs'
import { sourceOf, valuesOf } from '../inputs/values'
import { journalInputs } from '../journal/inputs'
import { appInputs } from './inputs'

const authorInputs = { ...appInputs, ...imsInputs, ...aemInputs }

/** What AEM, IMS and the choice of a PIM need, checked. */
export type Settings = InputValues<typeof authorInputs>

/**
 * Reads what every action needs that speaks to AEM.
 * @throws {InputError} systemic, `INPUT_INVALID`, naming every input that is wrong and what to set
 */
export const readSettings = (inputs: RawInputs): Settings => valuesOf(authorInputs, sourceOf(inputs))

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
 * Reads what the list of event registrations needs.
 * @throws {InputError} systemic, `INPUT_INVALID`, naming every input that is wrong and what to set
 */
export const readRegistrationSettings = (
  inputs: RawInputs,
): InputValues<typeof authorInputs, 'ADC_CECREDENTIALS_ORGID'> =>
  valuesOf(authorInputs, sourceOf(inputs), { required: ['ADC_CECREDENTIALS_ORGID'] })

/**
 * Reads how much a run does.
 * @throws {InputError} systemic, `INPUT_INVALID`
 */
export const readRunSettings = (inputs: RawInputs): InputValues<typeof runInputs> =>
  valuesOf(runInputs, sourceOf(inputs))
