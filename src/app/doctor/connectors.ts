import { randomBytes } from 'node:crypto'
import type { CallContext } from '../../core/call-context'
import type { FlowContext } from '../../flows/event-flow'
import type { CheckReport } from '../../plugin/check'
import { openPim } from '../enrich-graph'
import { openDestinations } from '../export'
import { addressesHint, type Check, failed, skipped, type Verdict } from './checks'

/** The PIM: whether it lets the app in and shows products. It is only read. */
export const pimChecks = (context: FlowContext): readonly Check[] => [
  {
    name: 'pim.access',
    needs: ['inputs.pim'],
    remedy: `Check the inputs of the PIM, and the rights of its user: docs/connectors has a page for each PIM. ${addressesHint}`,
    run: async (call) => {
      return verdictOf(await openPim(context).check(call))
    },
  },
]

/**
 * Each destination that is set up.
 * @param write has a small file written and removed; else it is only looked for a file that is not there
 */
export const destinationChecks = (context: FlowContext, write: boolean): readonly Check[] => {
  const destinations = openDestinations(context)
  return destinations.active().map((name) => ({
    name: `destination.${name}`,
    needs: [`inputs.destination.${name}`],
    remedy: `Check the inputs of the destination ${name}, and the rights of its account: docs/connectors has a page for each. ${addressesHint}`,
    run: async (call: CallContext) => {
      const destination = destinations.destination(name)
      if (write) return verdictOf(await destination.check(call))
      if (destination.head === undefined)
        return skipped('It does not tell what it holds, so reading shows nothing. --write checks it.')
      await destination.head(`bridge-doctor-${randomBytes(8).toString('hex')}`, call)
      return 'It lets the app in and tells what it holds. Whether it may be written shows --write only.'
    },
  }))
}

/** The first step that failed; what was not tried did not fail. */
function verdictOf(report: CheckReport): Verdict {
  const wrong = report.find(({ ok, skipped: isSkipped }) => !ok && isSkipped !== true)
  if (wrong !== undefined) {
    const { what, code = 'UNEXPECTED', message = 'it failed' } = wrong
    return failed(code, `${what} ${message}`)
  }
  const tried = report.filter(({ skipped: isSkipped }) => isSkipped !== true)
  if (tried.length === 0)
    return skipped(report.map(({ what, message = '' }) => `${what} ${message}`).join(' '))
  return {
    status: 'ok',
    message: tried
      .map(({ what, message }) => (message === undefined ? what : `${what} ${message}.`))
      .join(' '),
  }
}
