import { isLoopback } from '../http/origin'
import { declareInputs, type Shape } from '../inputs/declaration'
import { matching, origin } from '../inputs/shapes'
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

/** The token goes there: to Adobe's API, or to this machine. */
const adobeApi: Shape<string> = (text) => {
  const parsed = origin(text)
  if ('problem' in parsed) return parsed
  const url = new URL(parsed.value)
  if (isLoopback(url) || url.host.endsWith('.adobe.io')) return parsed
  return { problem: 'must be a host of Adobe (*.adobe.io), which alone gets the token' }
}

const consoleId = matching(/^[\w-]{1,64}$/, 'must be an id as the Developer Console shows it')

/** Where the registrations are listed. */
export const registrationInputs = declareInputs({
  IO_EVENTS_URL: {
    meaning: "The origin of Adobe's API that lists event registrations.",
    default: 'https://api.adobe.io',
    shape: adobeApi,
  },
  EVENTS_PROJECT_ID: {
    meaning:
      'The id of the project in the Developer Console. With it and the id of the workspace, runs see whether I/O Events has disabled a registration.',
    unset: 'registrations are not watched',
    example: '4566206088344653970',
    shape: consoleId,
  },
  EVENTS_WORKSPACE_ID: {
    meaning: 'The id of the workspace in the Developer Console.',
    unset: 'registrations are not watched',
    example: '4566206088344671234',
    shape: consoleId,
  },
  EVENTS_PROVIDER_ID: {
    meaning:
      'The id of the event provider of your AEM, where `npx bridge setup` cannot tell which one it is; it then names those that there are.',
    unset: 'the provider that names the program and the environment of the author',
    example: 'aemassets_0123456789ABCDEF01234567@AdobeOrg_acct-aem-p1-e2@adobe.com',
    shape: matching(/^[\w@.:-]{1,200}$/, 'must be the id of a provider, as setup shows it'),
    cliOnly: true,
  },
})
