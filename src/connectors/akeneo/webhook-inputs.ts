import { declareInputs, readServiceUrl, type Shape, texts } from '../../plugin/inputs'

/**
 * In characters. Akeneo takes no others (Event Platform, subscriptions); and whoever guesses a shorter one is the PIM.
 */
const secretLength = { least: 16, most: 256 }

const eventSecrets: Shape<readonly [string, ...string[]]> = (text) => {
  const parsed = texts('secret')(text)
  if ('problem' in parsed) return parsed
  const { least, most } = secretLength
  const fits = parsed.value.every(({ length }) => length >= least && length <= most)
  return fits
    ? parsed
    : { problem: `must have ${least} to ${most} characters in each secret: openssl rand -hex 32 makes one` }
}

/** The inputs of the events that Akeneo sends, by whole names: `pim-events` is one for the app. */
export const webhookInputs = declareInputs({
  AKENEO_EVENT_SECRETS: {
    meaning:
      'The secret of your subscription at Akeneo, or several separated by commas, the newest first. Any match is accepted. Each has 16 to 256 characters.',
    required: 'for `pim-events`',
    shape: eventSecrets,
    secret: true,
  },
})

/** The inputs of the command line that manages subscriptions. */
export const platformInputs = declareInputs({
  AKENEO_EVENTS_URL: {
    meaning: 'The URL of the management API of the Event Platform.',
    default: 'https://event.prd.sdk.akeneo.cloud/api/v1',
    shape: readServiceUrl,
    cliOnly: true,
  },
})
