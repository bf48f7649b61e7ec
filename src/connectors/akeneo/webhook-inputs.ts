import { declareInputs, readServiceUrl, texts } from '../../plugin/inputs'

/** The inputs of the events that Akeneo sends, by whole names: `pim-events` is one for the app. */
export const webhookInputs = declareInputs({
  AKENEO_EVENT_SECRETS: {
    meaning:
      'The secret of your subscription at Akeneo, or several separated by commas, the newest first. Any match is accepted.',
    required: 'for `pim-events`',
    shape: texts('secret'),
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
