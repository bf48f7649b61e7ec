import { shown } from '../core/shown'
import { isLoopback } from '../http/origin'
import { declareInputs, type Shape } from '../inputs/declaration'
import { list, origin, text } from '../inputs/shapes'

/** Every region and stage of IMS has a host below it, and nobody but Adobe has. */
const imsDomain = '.adobelogin.com'

/** An origin that may get the client secret: a host of Adobe's identity service, or this machine. */
const imsOrigin: Shape<string> = (text) => {
  const parsed = origin(text)
  if ('problem' in parsed) return parsed
  const url = new URL(parsed.value)
  if (isLoopback(url) || url.host.endsWith(imsDomain)) return parsed
  return {
    problem: `${shown(parsed.value, 200)} must be a host of Adobe's identity service (*${imsDomain}), which alone gets the client secret`,
  }
}

/**
 * The app's credentials at Adobe. Where one of the first four is not set, the one of the same meaning that `aio app use`
 * writes to .env is taken, or the annotation `include-ims-credentials`.
 */
export const imsInputs = declareInputs({
  ADC_CECREDENTIALS_CLIENTID: {
    meaning: 'The client id of the OAuth Server-to-Server credential of your Developer Console project.',
    required: true,
    unless: 'IMS_OAUTH_S2S_CLIENT_ID',
    shape: text,
  },
  ADC_CECREDENTIALS_CLIENTSECRET: {
    meaning: 'A client secret of the OAuth Server-to-Server credential.',
    required: true,
    unless: 'IMS_OAUTH_S2S_CLIENT_SECRET',
    shape: text,
    secret: true,
  },
  ADC_CECREDENTIALS_METASCOPES: {
    meaning: 'The scopes of the OAuth Server-to-Server credential, separated by commas.',
    required: true,
    unless: 'IMS_OAUTH_S2S_SCOPES',
    example: 'openid,AdobeID,read_organizations',
    shape: list('scope', text),
  },
  ADC_CECREDENTIALS_ORGID: {
    meaning: 'The id of your organisation (...@AdobeOrg), as the page of the credential shows it.',
    required: 'for `export-batch`, which sends it with each request to the journal',
    unless: 'IMS_OAUTH_S2S_ORG_ID',
    shape: text,
  },
  IMS_OAUTH_S2S_CLIENT_ID: {
    meaning: 'The client id of the credential, as `aio app use` writes it by itself.',
    shape: text,
  },
  IMS_OAUTH_S2S_CLIENT_SECRET: {
    meaning: 'The client secret of the credential, as `aio app use` writes it by itself.',
    shape: text,
    secret: true,
  },
  IMS_OAUTH_S2S_SCOPES: {
    meaning: 'The scopes of the credential, as `aio app use` writes them by itself.',
    example: '["openid","AdobeID","read_organizations"]',
    shape: list('scope', text),
  },
  IMS_OAUTH_S2S_ORG_ID: {
    meaning: 'The id of your organisation, as `aio app use` writes it by itself.',
    shape: text,
  },
  IMS_URL: {
    meaning: "The origin of Adobe's identity service (IMS), where tokens come from.",
    default: 'https://ims-na1.adobelogin.com',
    shape: imsOrigin,
  },
})
