import deployment from '#config/deployment'
import { aemInputs } from '../../aem/inputs'
import { webhookInputs } from '../../connectors/akeneo/webhook-inputs'
import type { FlowContext } from '../../flows/event-flow'
import { runInputs } from '../../flows/run/inputs'
import { sweepInputs } from '../../flows/sweep/inputs'
import { syncInputs } from '../../flows/sync/inputs'
import { imsInputs } from '../../ims/inputs'
import type { InputDeclarations } from '../../inputs/declaration'
import { isSet, sourceOf, valuesOf } from '../../inputs/values'
import { journalInputs, registrationInputs } from '../../journal/inputs'
import { storeInputs } from '../../store/inputs'
import { openPim } from '../enrich-graph'
import { openDestinations } from '../export'
import { appInputs } from '../inputs'
import { type Check, skipped } from './checks'

const remedy = 'Correct the inputs that the message names in .env, and deploy again.'

/**
 * The inputs of each party: those that are missing, malformed, or hold what was left when they were copied. Nothing is
 * sent. What needs a party's inputs needs the check of that party.
 */
export function inputChecks(context: FlowContext): readonly Check[] {
  const source = sourceOf(context.inputs, context.redactor)
  const check = (party: string, read: () => unknown): Check => ({
    name: `inputs.${party}`,
    remedy,
    run: async () => {
      read()
      return 'What is needed is set, and well-formed.'
    },
  })
  const declared = (party: string, declarations: InputDeclarations): Check =>
    check(party, () => valuesOf(declarations, source))
  const { LOG_LEVEL } = appInputs
  const destinations = openDestinations(context)
  return [
    declared('app', { LOG_LEVEL, ...runInputs, ...syncInputs, ...sweepInputs, ...registrationInputs }),
    declared('ims', imsInputs),
    declared('aem', aemInputs),
    check('pim', () => openPim(context)),
    declared('state', storeInputs),
    {
      name: 'inputs.journal',
      remedy: `${remedy} Who needs no journal turns the alarm off: 'export-batch': 'off' under alarms in config/deployment.ts.`,
      run: async () => {
        const isOff = deployment.alarms?.['export-batch'] === 'off'
        if (isOff && !isSet(journalInputs, 'JOURNAL_URL', source))
          return skipped('There is no journal, and the alarm of export-batch is off.')
        const { ADC_CECREDENTIALS_ORGID } = imsInputs
        valuesOf({ ADC_CECREDENTIALS_ORGID, ...journalInputs }, source, {
          required: ['ADC_CECREDENTIALS_ORGID', 'JOURNAL_URL'],
        })
        return 'What is needed is set, and well-formed.'
      },
    },
    declared('akeneo', webhookInputs),
    ...destinations
      .active()
      .map((name) => check(`destination.${name}`, () => destinations.destination(name))),
  ]
}
