import exportConfig from '#config/destinations'
import enrichment from '#config/enrichment'
import { createBinarySource } from '../aem/binary/source'
import { createAssetLibrary } from '../aem/library'
import { systemClock, systemRandom } from '../core/clock'
import { permanentError, systemicError } from '../core/errors'
import { shown } from '../core/shown'
import type { EventFlow, FlowContext } from '../flows/event-flow'
import { exportEventWith } from '../flows/export/export-event'
import type { ExportEventParts } from '../flows/export/export-task'
import { dueAssetAt } from '../flows/export/owner'
import { perInputs } from '../inputs/raw-inputs'
import { accessTo } from '../inputs/values'
import type { Destination, DestinationContext, DestinationFactory } from '../plugin/destination'
import { nameIsNotKey } from '../plugin/destinations'
import { accessFor, containerMemory, httpFor } from './access'
import { activationsOf } from './activations'

const timeAndChance = { clock: systemClock, random: systemRandom }

/** The parts of export; those who only ask use them, too. */
export const partsFor = perInputs(buildParts)

/** The flow behind *asset published*, and unpublished, and deleted. */
export const exportEvent: EventFlow = (raw, context) => exportEventWith(raw, () => partsFor(context), context)

/** How many destinations are set up. */
export const destinationCount = (context: FlowContext): number => partsFor(context).active().length

/** Everything that export needs, built once per container and inputs. */
function buildParts(own: FlowContext): ExportEventParts {
  const { hosts, tokens, assets, author } = accessFor(own)
  const reading = { assets, memory: containerMemory, origins: hosts.origins, clock: systemClock }
  return {
    hosts,
    assets,
    memory: containerMemory,
    library: createAssetLibrary(author),
    exports: exportConfig,
    linkProperty: enrichment.linkProperty,
    ...timeAndChance,
    activations: activationsOf,
    openSource: (options) => createBinarySource(options, { tokens, clock: systemClock }),
    renditionNames: (asset, call) => assets.renditionNames(asset, call),
    ...openDestinations(own, (name) => (id, call) => dueAssetAt(name, id, reading, call)),
  }
}

/**
 * The destinations of config/destinations.ts with the inputs of a context, whatever those of AEM are.
 * @param dueAssetAt lets a destination ask AEM about an asset @default none can
 */
export function openDestinations(
  own: FlowContext,
  dueAssetAt?: (name: string) => NonNullable<DestinationContext['dueAsset']>,
): Pick<ExportEventParts, 'active' | 'destination'> {
  const { linkProperty } = enrichment
  const shared = {
    ...accessTo(own.inputs, own.redactor),
    ...timeAndChance,
    linkProperty,
    http: httpFor(own),
  }
  const contextOf = (name: string): DestinationContext => ({
    ...shared,
    name,
    ...(dueAssetAt === undefined ? {} : { dueAsset: dueAssetAt(name.toLowerCase()) }),
  })
  const opened = new Map<string, Destination>()
  const { destinations } = exportConfig
  // As metadata names them, capitals do not matter.
  const byName = new Map(
    Object.entries(destinations).map(([key, factory]) => [key.toLowerCase(), { key, factory }]),
  )
  return {
    active: () =>
      [...byName].flatMap(([name, { key, factory }]) => (factory.isOn(contextOf(key)) ? [name] : [])),
    destination(name) {
      const known = opened.get(name)
      if (known !== undefined) return known
      const found = byName.get(name.toLowerCase())
      if (found === undefined) {
        throw permanentError(
          'DESTINATION_UNKNOWN',
          `exportDestination names ${shown(name)}; config/destinations.ts knows ${Object.keys(destinations).join(', ')}`,
        )
      }
      const { key, factory } = found
      const context = contextOf(key)
      if (!factory.isOn(context)) throw isOff(key, factory)
      const created = factory.create(context)
      if (created.name !== key) throw nameIsNotKey(key, created.name)
      opened.set(name, created)
      return created
    },
  }
}

function isOff(
  name: string,
  { docs = `docs/connectors/${name}.md`, inputs = {} }: DestinationFactory,
): Error {
  const needed = Object.keys(inputs).filter((input) => inputs[input]?.required !== undefined)
  return systemicError(
    'DESTINATION_OFF',
    `the destination ${name} is not set up: set its inputs${needed.length === 0 ? '' : `, ${needed.join(', ')}`} (see ${docs})`,
  )
}
