import { BridgeError } from '../core/errors'
import type { Redactor } from '../core/redaction'
import { type InputDeclaration, type InputDeclarations, type InputValues, inputName } from './declaration'
import { leftoverIn } from './leftovers'
import type { InputName, RawInputs } from './raw-inputs'

/** Where the texts of inputs come from. */
export type InputSource = {
  input(name: string): string | undefined
  /** Gets the secret values, to mask them. */
  redactor?: Redactor
}

/** The inputs of an activation as a source. */
export const sourceOf = (inputs: RawInputs, redactor?: Redactor): InputSource => ({
  input: (name) => (Object.hasOwn(inputs, name) ? inputs[name] : undefined),
  ...(redactor === undefined ? {} : { redactor }),
})

/** A source where options of config/ win over the inputs of the same names, behind their prefix. */
export const withOptions = (
  source: InputSource,
  prefix: string,
  options: Readonly<Record<string, string | undefined>>,
): InputSource => {
  const given = new Map(Object.entries(options).map(([name, value]) => [inputName(name, prefix), value]))
  return { ...source, input: (name) => given.get(name) ?? source.input(name) }
}

/** The inputs of the app, as what is built from them gets at them. */
export type InputAccess = {
  /** Where to make secrets known that no declaration names, so that they are masked in logs, answers and dead letters. */
  redactor: Redactor
  /** An input by its declared name; undefined when it is not set. */
  input(name: InputName): string | undefined
  /**
   * An input that has to be set.
   * @param hint what to set, for the operator
   * @throws {InputError} systemic, `INPUT_INVALID`, naming the input
   */
  requireInput(name: InputName, hint: string): string
}

/** Gives access to the inputs of an activation. */
export function accessTo(inputs: RawInputs, redactor: Redactor): InputAccess {
  const { input } = sourceOf(inputs)
  return {
    redactor,
    input,
    requireInput(name, hint) {
      const value = input(name)
      if (value === undefined) throw inputError(`${name} is not set: ${hint}`)
      return value
    },
  }
}

/** Tells whether an input is set. */
export const isSet = <Declared extends InputDeclarations>(
  _declared: Declared,
  name: keyof Declared & string,
  source: InputSource,
  prefix?: string,
): boolean => source.input(inputName(name, prefix)) !== undefined

/** Inputs that are not set or wrong: systemic, `INPUT_INVALID`. */
export class InputError extends BridgeError {
  /** One for each input, with its name and what to do. */
  readonly problems: readonly string[]

  constructor(told: readonly string[]) {
    // Two readers may report the same input.
    const problems = [...new Set(told)]
    super(
      'systemic',
      'INPUT_INVALID',
      `${problems.join('; ')}. Inputs come from .env when the app is deployed`,
    )
    this.problems = problems
  }
}

/** An error about one input, or about several that do not fit together. */
export const inputError = (...problems: readonly string[]): InputError => new InputError(problems)

/** How declarations are read. */
export type ReadOptions<Name> = {
  /** Stands before each name: `S3` for `S3_BUCKET`. @default nothing: the names are whole */
  prefix?: string
  /** Those that are needed although their declarations do not say so. @default none */
  required?: readonly Name[]
}

/**
 * Reads inputs as their declarations say. Secrets among them are made known to the source's redactor.
 * @throws {InputError} systemic, `INPUT_INVALID`, naming every input that is not set or wrong, and what to set
 */
export function valuesOf<Declared extends InputDeclarations, Required extends keyof Declared = never>(
  declared: Declared,
  source: InputSource,
  options?: ReadOptions<Required>,
): InputValues<Declared, Required>
// The compiler cannot check a record that is filled one name at a time. This is the only place with such a record.
export function valuesOf(
  declared: InputDeclarations,
  source: InputSource,
  { prefix, required = [] }: ReadOptions<PropertyKey> = {},
): Readonly<Record<string, unknown>> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, declaration] of Object.entries(declared)) {
    const whole = inputName(name, prefix)
    const set = source.input(whole)
    if (declaration.secret) source.redactor?.add(set)
    const text = set ?? declaration.default
    if (text === undefined) {
      if (declaration.required === true || required.includes(name)) problems.push(missing(whole, declaration))
      values[name] = undefined
      continue
    }
    const leftover = set === undefined ? undefined : leftoverIn(set, declaration)
    const parsed = leftover === undefined ? declaration.shape(text) : { problem: leftover }
    if ('problem' in parsed) problems.push(`${whole} ${parsed.problem}`)
    else values[name] = parsed.value
  }
  if (problems.length > 0) throw new InputError(problems)
  return values
}

/** What to tell an operator about an input that is not set. */
export function missing(name: string, { meaning, example, unless }: InputDeclaration): string {
  const what = meaning.replace(/^(An?|The) /, (article) => article.toLowerCase()).replace(/\.$/, '')
  const shown = example === undefined ? '' : ` (for example ${example})`
  return `${name} is not set: set it to ${what}${shown}${unless === undefined ? '' : `, or set ${unless}`}`
}

/**
 * Runs two functions that read inputs, and reports the problems of both in one error.
 * @throws {InputError} of one or both; any other error of the first one that fails
 */
export function readBoth<First, Second>(first: () => First, second: () => Second): [First, Second] {
  const problems: string[] = []
  const one = attempt(first)
  const other = attempt(second)
  if (one === undefined || other === undefined) throw new InputError(problems)
  return [one.value, other.value]

  function attempt<T>(read: () => T): { value: T } | undefined {
    try {
      return { value: read() }
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown
      problems.push(...thrown.problems)
      return undefined
    }
  }
}
