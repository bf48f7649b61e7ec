import exportConfig from '../../config/destinations'
import { createBinarySource } from '../aem/binary/source'
import { systemClock, systemRandom } from '../core/clock'
import { permanentError, systemicError } from '../core/errors'
import { shown } from '../core/shown'
import type { EventFlow, FlowContext } from '../flows/event-flow'
import { type ExportEventParts, exportEventWith } from '../flows/export/export-event'
import { perInputs } from '../inputs/raw-inputs'
import type { Destination, DestinationContext } from '../plugin/destination'
import { accessFor } from './access'
import { activationsOf } from './activations'

const partsFor = perInputs(buildParts)

/** The flow behind *asset published*, and unpublished, and deleted. */
export const exportEvent: EventFlow = (raw, context) => exportEventWith(raw, () => partsFor(context), context)

/** Everything that export needs, built once per container and inputs. */
function buildParts(own: FlowContext): ExportEventParts {
  const { hosts, tokens, assets, http, input, requireInput } = accessFor(own)
  const timeAndChance = { clock: systemClock, random: systemRandom }
  const context: DestinationContext = { ...timeAndChance, http, redactor: own.redactor, input, requireInput }
  const opened = new Map<string, Destination>()
  const { destinations } = exportConfig
  // As metadata names them, capitals do not matter.
  const byName = new Map(Object.entries(destinations).map(([name, factory]) => [name.toLowerCase(), factory]))
  return {
    hosts,
    assets,
    exports: exportConfig,
    ...timeAndChance,
    activations: activationsOf,
    openSource: (options) => createBinarySource(options, { tokens, clock: systemClock }),
    renditionNames: (asset, call) => assets.renditionNames(asset, call),
    active: () => [...byName].flatMap(([name, factory]) => (factory.isOn(context) ? [name] : [])),
    destination(name) {
      const known = opened.get(name)
      if (known !== undefined) return known
      const factory = byName.get(name.toLowerCase())
      if (factory === undefined) {
        throw permanentError(
          'DESTINATION_UNKNOWN',
          `exportDestination names ${shown(name)}; config/destinations.ts knows ${Object.keys(destinations).join(', ')}`,
        )
      }
      if (!factory.isOn(context)) {
        throw systemicError(
          'DESTINATION_OFF',
          `the destination ${name} is not set up: set its inputs (see docs/connectors/${name}.md)`,
        )
      }
      const created = factory.create(context)
      opened.set(name, created)
      return created
    },
  }
}
