import type { FlowContext } from '../../flows/event-flow'
import { aemChecks } from './aem'
import { alarmChecks } from './alarms'
import type { Check } from './checks'
import { destinationChecks, pimChecks } from './connectors'
import { imsChecks } from './ims'
import { inputChecks } from './inputs'
import { journalChecks } from './journal'
import { type StateOfRegion, stateChecks } from './state'

/**
 * All checks of the app's own set-up.
 * @param options.write allows probes that write and remove again
 * @param options.stateOf opens State in another region
 */
export const doctorChecks = (
  context: FlowContext,
  { write, stateOf }: { write: boolean; stateOf: StateOfRegion },
): readonly Check[] => [
  ...inputChecks(context),
  ...imsChecks(context),
  ...aemChecks(context, write),
  ...pimChecks(context),
  ...stateChecks(context, { stateOf, write }),
  ...journalChecks(context),
  ...destinationChecks(context, write),
  ...alarmChecks(context),
]
