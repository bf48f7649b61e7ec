import { declareInputs } from '../inputs/declaration'
import { origin } from '../inputs/shapes'
import { journalStart, journalUrls } from './position'

/** Which journals there are, and where reading begins. */
export const journalInputs = declareInputs({
  JOURNAL_URL: {
    meaning:
      'The journaling endpoint of the event registration, as the Developer Console shows it, or several separated by commas.',
    required: 'for `export-batch`',
    example: 'https://events-va6.adobe.io/events/organizations/1/integrations/2/3',
    shape: journalUrls,
  },
  JOURNAL_START: {
    meaning:
      'Where the very first run of `export-batch` begins: `oldest`, `latest`, or a duration back such as `PT2H` or `P1D`.',
    default: 'oldest',
    shape: journalStart,
  },
})

/** Where the registrations are listed. */
export const registrationInputs = declareInputs({
  IO_EVENTS_URL: {
    meaning: "The origin of Adobe's API that lists event registrations.",
    default: 'https://api.adobe.io',
    shape: origin,
    cliOnly: true,
  },
})
