import { commandLineInputs, plainInputs, secretInputs } from '#declared-inputs'
import { isRecord } from '../core/json'

/** An input that is declared: by a room, by a connector that config/ names, or in config/. */
export type InputName = (typeof plainInputs)[number] | (typeof secretInputs)[number]

/** The inputs of an activation as text: unset ones are absent. */
export type RawInputs = Readonly<Record<string, string>>

/**
 * Takes the inputs out of an activation's params: those that are bound. Any other field is no input, whatever its name.
 * Deployed, an unset input arrives as an empty string; under `aio app dev` as the literal `$NAME`. Where a credential is
 * not set, what `aio app use` has written stands in, then what the annotation `include-ims-credentials` brings.
 * @returns the object of the activation before, where the inputs are the same
 */
export function readInputs(params: unknown): RawInputs {
  const inputs = readNames(namesOfActions, params)
  // What a container keeps by its inputs is found by the object then, without a look at each of them.
  if (!isSame(inputs, latest)) latest = inputs
  return latest
}

/** Whether an input is read on the command line only, and never deployed. */
export const isOfCommandLine = (name: string): boolean => commandLineInputs.some((one) => one === name)

/** Takes the inputs of the command line out of its environment: those of the actions, and its own. */
export const readOperatorInputs = (environment: unknown): RawInputs => readNames(allNames, environment)

const allNames: readonly InputName[] = [...plainInputs, ...secretInputs]
const namesOfActions = allNames.filter((name) => !isOfCommandLine(name))
const typesOfInputs = ['string', 'number', 'boolean']
let latest: RawInputs = {}

function isSame(some: RawInputs, others: RawInputs): boolean {
  const names = Object.keys(some)
  return names.length === Object.keys(others).length && names.every((name) => some[name] === others[name])
}

function readNames(names: readonly InputName[], params: unknown): RawInputs {
  const inputs: Record<string, string> = {}
  if (!isRecord(params)) return inputs
  for (const name of names) {
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (!typesOfInputs.includes(typeof value)) continue
    const text = String(value).trim()
    if (text !== '' && text !== `$${name}`) inputs[name] = text
  }
  return { ...imsAnnotation(params), ...ofAioUse(inputs), ...inputs }
}

/** The credentials by the field of the annotation; the names of the inputs that `aio app use` writes end alike. */
const credentialInputs = {
  client_id: 'ADC_CECREDENTIALS_CLIENTID',
  client_secret: 'ADC_CECREDENTIALS_CLIENTSECRET',
  org_id: 'ADC_CECREDENTIALS_ORGID',
  scopes: 'ADC_CECREDENTIALS_METASCOPES',
} as const

const ofAioUse = (inputs: RawInputs): RawInputs =>
  Object.fromEntries(
    Object.entries(credentialInputs).flatMap(([field, name]) => {
      const value = inputs[`IMS_OAUTH_S2S_${field.toUpperCase()}`]
      return value === undefined ? [] : [[name, value]]
    }),
  )

/** The annotation `include-ims-credentials` brings the credentials in an input of its own. */
function imsAnnotation(params: Record<string, unknown>): RawInputs {
  const credentials = params.__ims_oauth_s2s
  if (!isRecord(credentials)) return {}
  return Object.fromEntries(
    Object.entries(credentialInputs).flatMap(([field, name]) => {
      const given = credentials[field]
      const value = Array.isArray(given) ? given.join(',') : given
      return typeof value === 'string' && value !== '' ? [[name, value]] : []
    }),
  )
}

/** The values among the inputs that must never be seen: those that are declared as secret. */
export const secretsOf = (inputs: RawInputs): readonly string[] =>
  secretInputs.flatMap((name) => inputs[name] ?? [])

const maxKept = 4

/**
 * Caches what a container builds from its inputs, so that warm events share tokens and connections. Changed inputs
 * build a new entry.
 * @param read the names of the inputs that it is built from @default all
 */
export function perInputs<Context extends { inputs: RawInputs }, T>(
  build: (context: Context) => T,
  read?: readonly string[],
): (context: Context) => T {
  const kept = new Map<string, T>()
  let last: { inputs: RawInputs; built: T } | undefined
  return (context) => {
    if (last?.inputs === context.inputs) return last.built
    const built = of(context)
    last = { inputs: context.inputs, built }
    return built
  }

  function of(context: Context): T {
    const counting = Object.entries(context.inputs).filter(([name]) => read?.includes(name) ?? true)
    const key = JSON.stringify(counting.sort(([a], [b]) => (a < b ? -1 : 1)))
    const known = kept.get(key)
    if (known !== undefined) return known
    const built = build(context)
    kept.set(key, built)
    for (const oldest of kept.keys()) {
      if (kept.size <= maxKept) break
      kept.delete(oldest)
    }
    return built
  }
}
