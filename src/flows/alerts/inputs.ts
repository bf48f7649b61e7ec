import { declareInputs } from '../../inputs/declaration'
import { oneOf, readServiceUrl, wholeNumber } from '../../inputs/shapes'

/** Where alerts go, and from when on something is one. */
export const alertInputs = declareInputs({
  ALERT_WEBHOOK_URL: {
    meaning:
      'The address that alerts are sent to: an incoming webhook of Slack, a workflow of Teams, or any other that takes JSON.',
    unset: 'alerts stand in the log and in `status` only',
    example: 'https://hooks.slack.com/services/T000/B000/XXXX',
    shape: readServiceUrl,
    secret: true,
  },
  ALERT_WEBHOOK_FORMAT: {
    meaning: 'The form of what is sent: `slack`, `teams` or `json`.',
    unset: 'as the host of the address takes it; `json` for a host that is not known',
    shape: oneOf(['slack', 'teams', 'json']),
  },
  ALERT_DEAD_LETTERS: {
    meaning: 'More dead letters than this are an alert. It is over with half of them.',
    default: '0',
    shape: wholeNumber(0, 10_000),
  },
  ALERT_PENDING: {
    meaning: 'More parked pieces of work than this are an alert. It is over with half of them.',
    default: '100',
    shape: wholeNumber(0, 10_000),
  },
  ALERT_EXPIRY_DAYS: {
    meaning: 'A signature or token among the inputs that ends within so many days is an alert.',
    default: '14',
    shape: wholeNumber(0, 365),
  },
})
