import exportConfig from '../../config/destinations'
import { openAuthors } from '../aem/author-access'
import { createBinarySource } from '../aem/binary/source'
import { callContextOf } from '../core/call-context'
import { systemClock } from '../core/clock'
import { permanentError, systemicError } from '../core/errors'
import { createActivations } from '../delivery/activations'
import type { EventFlow, FlowContext } from '../flows/event-flow'
import { type ExportEventParts, exportEventWith } from '../flows/export/export-event'
import { createHttpClient } from '../http/http-client'
import { perInputs } from '../inputs/raw-inputs'
import { parseSettings } from '../inputs/settings'
import type { Destination, DestinationContext } from '../plugin/destination'

const partsFor = perInputs(buildParts)

/** The flow behind *asset published*, and unpublished, and deleted. */
export const exportEvent: EventFlow = (raw, context) => exportEventWith(raw, () => partsFor(context), context)

/** Everything that export needs, built once per container and inputs. */
function buildParts({ inputs, redactor }: FlowContext): ExportEventParts {
  const settings = parseSettings(inputs)
  const http = createHttpClient()
  const { hosts, tokens, assets } = openAuthors(settings, { http, redactor })
  const context: DestinationContext = {
    http,
    redactor,
    input: (name) => inputs[name],
    requireInput(name, hint) {
      const value = inputs[name]
      if (value === undefined) throw systemicError('INPUT_INVALID', `${name} is not set: ${hint}`)
      return value
    },
  }
  const opened = new Map<string, Destination>()
  const { destinations } = exportConfig
  // As metadata names them, capitals do not matter.
  const byName = new Map(Object.entries(destinations).map(([name, factory]) => [name.toLowerCase(), factory]))
  return {
    hosts,
    assets,
    exports: exportConfig,
    clock: systemClock,
    activationsOf: (runtime) => createActivations(runtime),
    openSource: (options) => createBinarySource(options, { tokens, clock: systemClock }),
    renditionNames: (asset, signal) => assets.renditionNames(asset, callContextOf(signal)),
    active: () => [...byName].flatMap(([name, factory]) => (factory.isOn(context) ? [name] : [])),
    destination(name) {
      const known = opened.get(name)
      if (known !== undefined) return known
      const factory = byName.get(name.toLowerCase())
      if (factory === undefined) {
        throw permanentError(
          'DESTINATION_UNKNOWN',
          `exportDestination names ${JSON.stringify(name).slice(0, 80)}; config/destinations.ts knows ${Object.keys(destinations).join(', ')}`,
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
