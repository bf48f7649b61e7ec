import { systemClock } from '../../core/clock'
import { toBridgeError } from '../../core/errors'
import type { FlowContext } from '../../flows/event-flow'
import type { Tokens } from '../../http/tokens'
import { imsInputs } from '../../ims/inputs'
import { createTokenProvider } from '../../ims/token-provider'
import { sourceOf, valuesOf } from '../../inputs/values'
import { httpFor } from '../access'
import { addressesHint, type Check } from './checks'

/**
 * The tokens of the credential, whatever the inputs of AEM are.
 * @throws {InputError} systemic, `INPUT_INVALID`
 */
export function imsTokens(context: FlowContext): Tokens {
  const { inputs, redactor } = context
  const settings = valuesOf(imsInputs, sourceOf(inputs, redactor))
  const credentials = {
    imsUrl: settings.IMS_URL,
    clientId: settings.ADC_CECREDENTIALS_CLIENTID,
    clientSecret: settings.ADC_CECREDENTIALS_CLIENTSECRET,
    scopes: settings.ADC_CECREDENTIALS_METASCOPES,
  }
  return createTokenProvider(credentials, { http: httpFor(context), redactor, clock: systemClock })
}

/** OAuth's word for a client that is known and asks for too much (RFC 6749, section 5.2). */
const asksTooMuch = (thrown: unknown): boolean => toBridgeError(thrown).message.includes('invalid_scope')

/** Whether IMS takes the credential, and whether it takes the scopes. */
export function imsChecks(context: FlowContext): readonly Check[] {
  return [
    {
      name: 'ims.credentials',
      needs: ['inputs.ims'],
      remedy: `Copy client id and client secret of the OAuth Server-to-Server credential from the Developer Console to ADC_CECREDENTIALS_CLIENTID and ADC_CECREDENTIALS_CLIENTSECRET. ${addressesHint}`,
      run: async (call) => {
        await imsTokens(context)
          .token(call)
          .catch((thrown: unknown) => {
            if (!asksTooMuch(thrown)) throw thrown
          })
        return 'IMS knows the credential.'
      },
    },
    {
      name: 'ims.scopes',
      needs: ['ims.credentials'],
      remedy:
        'Copy the scopes of the credential from the Developer Console to ADC_CECREDENTIALS_METASCOPES: no others.',
      run: async (call) => {
        await imsTokens(context).token(call)
        return 'IMS gives a token for the scopes.'
      },
    },
  ]
}
