import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { InputDeclaration, InputDeclarations } from '../../src/plugin/inputs'
import { root } from '../command'
import type { Configuration } from './configurations'

/** Inputs that belong together, as the docs show them. */
export type InputGroup = {
  heading: string
  /** What the operator has to know about all of them. */
  about?: string
  /** Their page in the docs. */
  docs?: string
  /** `always`: what is required is required of everybody. */
  need: 'always' | 'when used'
  /** By whole names; each stands in the first group that has it. */
  inputs: InputDeclarations
  /** Inputs of groups before that these need as well. */
  shared: readonly string[]
}

type Source = Omit<InputGroup, 'shared'>

/** In this order; a room that is not listed comes at the end, under its own path. */
const roomHeadings: Readonly<Record<string, string>> = {
  'src/ims': 'Credential: OAuth Server-to-Server, on its page in the Developer Console',
  'src/aem': 'AEM',
  'src/app': 'The app',
  'src/flows/sync': 'Changes of products',
  'src/flows/sweep': 'What no event told',
  'src/connectors/akeneo': 'Events of Akeneo',
  'src/journal': 'The journal, for export-batch',
  'src/flows/run': 'Runs of export-batch and reconcile',
  'src/store': 'State',
}

/**
 * All inputs: those of the rooms, of the communicators and destinations that a configuration names, and its own.
 * @throws when one name is declared twice, or is none that an input can have
 */
export async function inputGroups(
  configuration: Pick<Configuration, 'enrichment' | 'destinations'>,
): Promise<readonly InputGroup[]> {
  const rooms = await roomGroups()
  const before = rooms.filter(({ heading }) => heading.startsWith('Credential') || heading === 'AEM')
  const app = rooms.filter(({ heading }) => heading === 'The app')
  const others = rooms.filter((group) => !before.includes(group) && !app.includes(group))
  return distinct([
    ...before,
    ...app,
    ...communicatorGroups(configuration),
    ...destinationGroups(configuration),
    ...others,
    ...own(configuration),
  ])
}

/** The names that ext.config.yaml binds. */
export const boundNames = (groups: readonly InputGroup[]): readonly string[] =>
  declarationsOf(groups).flatMap(([name, { cliOnly }]) => (cliOnly ? [] : [name]))

/** All inputs of all groups. */
export const declarationsOf = (groups: readonly InputGroup[]): readonly [string, InputDeclaration][] =>
  groups.flatMap(({ inputs }) => Object.entries(inputs))

async function roomGroups(): Promise<Source[]> {
  const files = await readdir(join(root, 'src'), { recursive: true })
  const groups = await Promise.all(
    files
      .map((file) => `src/${file.replaceAll('\\', '/')}`)
      .filter(isOfARoom)
      .map(async (file): Promise<Source> => {
        const room = dirname(file)
        const exported: unknown[] = Object.values(await import(join(root, file)))
        const inputs = Object.assign({}, ...exported.filter(isDeclarations))
        return { heading: roomHeadings[room] ?? room, need: 'always', inputs }
      }),
  )
  const order = Object.values(roomHeadings)
  const place = ({ heading }: Source): number => (order.indexOf(heading) + 1 || order.length + 1) - 1
  return groups.sort((a, b) => place(a) - place(b) || (a.heading < b.heading ? -1 : 1))
}

/** Connectors are declared by those that a configuration names, under the prefix that they have there. */
const isOfARoom = (file: string): boolean =>
  /\/(webhook-)?inputs\.ts$/.test(file) &&
  !/^src\/(inputs|plugin)\//.test(file) &&
  !/^src\/connectors\/.*\/inputs\.ts$/.test(file)

function isDeclarations(value: unknown): value is InputDeclarations {
  if (typeof value !== 'object' || value === null) return false
  const items: unknown[] = Object.values(value)
  const isOne = (item: unknown): boolean =>
    typeof item === 'object' && item !== null && 'meaning' in item && 'shape' in item
  return items.length > 0 && items.every(isOne)
}

const communicatorGroups = ({ enrichment }: Pick<Configuration, 'enrichment'>): Source[] =>
  Object.entries(enrichment.communicators).flatMap(([key, { inputs, docs }]) =>
    inputs === undefined
      ? []
      : [
          {
            heading: `PIM ${key}`,
            about: `Only with \`PIM_COMMUNICATOR=${key}\`.`,
            ...(docs === undefined ? {} : { docs }),
            need: 'when used' as const,
            inputs,
          },
        ],
  )

const destinationGroups = ({ destinations }: Pick<Configuration, 'destinations'>): Source[] =>
  Object.entries(destinations.destinations).flatMap(([key, { inputs, docs }]) =>
    inputs === undefined
      ? []
      : [
          {
            heading: `Destination ${key}`,
            about: `\`${key}\` is on when its inputs are set, and stays off otherwise.`,
            ...(docs === undefined ? {} : { docs }),
            need: 'when used' as const,
            inputs,
          },
        ],
  )

function own({ enrichment, destinations }: Pick<Configuration, 'enrichment' | 'destinations'>): Source[] {
  const inputs = { ...enrichment.inputs, ...destinations.inputs }
  return Object.keys(inputs).length === 0 ? [] : [{ heading: 'Your own', need: 'always', inputs }]
}

function distinct(sources: readonly Source[]): InputGroup[] {
  const known = new Map<string, { declaration: InputDeclaration; heading: string }>()
  const groups = sources.map(({ inputs, ...group }): InputGroup => {
    const added: Record<string, InputDeclaration> = {}
    const shared: string[] = []
    for (const [name, declaration] of Object.entries(inputs)) {
      if (!/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(name)) {
        throw new Error(`${group.heading} declares ${name}: a name has capitals, digits and underscores only`)
      }
      const before = known.get(name)
      if (before === undefined) {
        added[name] = declaration
        known.set(name, { declaration, heading: group.heading })
      } else if (before.declaration === declaration) shared.push(name)
      else {
        throw new Error(
          `${name} is declared by ${before.heading} and by ${group.heading}, as two different things: rename one, or give one the option inputs with a prefix of its own`,
        )
      }
    }
    return { ...group, inputs: added, shared }
  })
  return groups.filter(({ inputs }) => Object.keys(inputs).length > 0)
}
