import { parse } from 'dotenv'

/** The inputs of a user's `.env` on the sandbox. */
export type OwnInputs = {
  /** What the actions get in place of the sandbox's own. */
  taken: Record<string, string>
  /** Names of those that the sandbox keeps its own of. */
  kept: string[]
}

/** They lead to IMS, AEM, State and the journal, which are stand-ins here. */
const OF_THE_SANDBOX =
  /^(ADC_CECREDENTIALS_.*|IMS_.*|AEM_AUTHOR_URLS|AEM_API_KEY|JOURNAL_URL|STATE_REGION|IO_EVENTS_URL)$/

/**
 * Reads a text in the form of `.env`. The PIM, the destinations and how the app works are taken from it.
 * @param declared the names of all inputs; anything else in the text is none
 */
export const readOwnInputs = (text: string, declared: readonly string[]): OwnInputs => {
  const set = Object.entries(parse(text)).filter(([name, value]) => declared.includes(name) && value !== '')
  return {
    taken: Object.fromEntries(set.filter(([name]) => !OF_THE_SANDBOX.test(name))),
    kept: set.flatMap(([name]) => (OF_THE_SANDBOX.test(name) ? [name] : [])),
  }
}
