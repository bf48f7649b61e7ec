import { aemInputs } from '../aem/inputs'
import { imsInputs } from '../ims/inputs'
import type { InputValues } from '../inputs/declaration'
import type { RawInputs } from '../inputs/raw-inputs'
import { sourceOf, valuesOf } from '../inputs/values'
import { registrationInputs } from '../journal/inputs'
import { appInputs } from './inputs'

/** What AEM, IMS and the choice of a PIM are read from. */
export const authorInputs = { ...appInputs, ...imsInputs, ...aemInputs }

/** What AEM, IMS and the choice of a PIM need, checked. */
export type Settings = InputValues<typeof authorInputs>

/**
 * Reads what every action needs that speaks to AEM.
 * @throws {InputError} systemic, `INPUT_INVALID`, naming every input that is wrong and what to set
 */
export const readSettings = (inputs: RawInputs): Settings => valuesOf(authorInputs, sourceOf(inputs))

const listInputs = { ...imsInputs, ...registrationInputs }

/**
 * Reads what the list of event registrations needs.
 * @throws {InputError} systemic, `INPUT_INVALID`, naming every input that is wrong and what to set
 */
export const readRegistrationSettings = (
  inputs: RawInputs,
): InputValues<typeof listInputs, 'ADC_CECREDENTIALS_ORGID'> =>
  valuesOf(listInputs, sourceOf(inputs), { required: ['ADC_CECREDENTIALS_ORGID'] })
