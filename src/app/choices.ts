import exportConfig from '#config/destinations'
import enrichment from '#config/enrichment'
import { systemClock, systemRandom } from '../core/clock'
import { createRedactor } from '../core/redaction'
import { createHttpClient } from '../http/http-client'
import { imsInputs } from '../ims/inputs'
import type { InputDeclarations } from '../inputs/declaration'
import type { RawInputs } from '../inputs/raw-inputs'
import { accessTo, InputError, inputError, sourceOf, valuesOf } from '../inputs/values'
import { authorInputs } from './settings'

/** A communicator and destinations by their keys in config/. */
export type Choice = { pim: string | undefined; destinations: readonly string[] }

/** The communicators that config/enrichment.ts names. */
export const pimNames: readonly string[] = Object.keys(enrichment.communicators)

/** The destinations that config/destinations.ts names. */
export const destinationNames: readonly string[] = Object.keys(exportConfig.destinations)

/** The declarations of what the app, a PIM and destinations read, by whole names. */
export const inputsOfChoice = ({ pim = '', destinations }: Choice): InputDeclarations => ({
  ...authorInputs,
  ...enrichment.communicators[pim]?.inputs,
  ...Object.assign({}, ...destinations.map((name) => exportConfig.destinations[name]?.inputs)),
})

/** The inputs of the communicators and destinations that were not chosen, as far as no chosen one has them, too. */
export function inputsOfOthers(choice: Choice): ReadonlySet<string> {
  const all = inputsOfChoice({ pim: undefined, destinations: destinationNames })
  const every = pimNames.flatMap((pim) => Object.keys(inputsOfChoice({ pim, destinations: [] })))
  const chosen = inputsOfChoice(choice)
  return new Set([...Object.keys(all), ...every].filter((name) => !Object.hasOwn(chosen, name)))
}

/** The destinations that these inputs turn on. */
export const destinationsOn = (inputs: RawInputs): readonly string[] =>
  destinationNames.filter((name) => exportConfig.destinations[name]?.isOn(contextOf(name, inputs)))

/**
 * What is missing or wrong for the credential, the PIM and the destinations: one sentence for each input, which begins
 * with its name. Nothing is sent.
 */
export const problemsOf = ({ pim, destinations }: Choice, inputs: RawInputs): readonly string[] => [
  ...problemsIn(() => valuesOf(imsInputs, sourceOf(inputs), { required: ['ADC_CECREDENTIALS_ORGID'] })),
  ...(pim === undefined ? [] : problemsIn(() => enrichment.communicators[pim]?.(contextOf(pim, inputs)))),
  ...destinations.flatMap((name) =>
    problemsIn(() => {
      const factory = exportConfig.destinations[name]
      const context = contextOf(name, inputs)
      factory?.create(context)
      if (factory?.isOn(context) === false) {
        throw inputError(`${Object.keys(factory.inputs ?? {})[0] ?? name} is not set: it turns ${name} on`)
      }
    }),
  ),
]

const http = createHttpClient()

const contextOf = (name: string, inputs: RawInputs) => ({
  ...accessTo(inputs, createRedactor([])),
  name,
  linkProperty: enrichment.linkProperty,
  http,
  clock: systemClock,
  random: systemRandom,
})

function problemsIn(read: () => unknown): readonly string[] {
  try {
    read()
    return []
  } catch (thrown) {
    if (thrown instanceof InputError) return thrown.problems
    throw thrown
  }
}
