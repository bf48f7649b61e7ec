/** The result of parsing the text of an input: its value, or the problem, as `must be ...`. */
export type Parsed<T> = { value: T } | { problem: string }

/** Reads the text of an input. It is never empty, and has no blanks around it. */
export type Shape<T = unknown> = (text: string) => Parsed<T>

/** One input, declared once: the typed value, the docs, `.env.example`, `ext.config.yaml` and the masking follow. */
export type InputDeclaration<T = unknown> = {
  /** What to set, in one or two plain sentences. The first begins with a noun and its article: `The name of the bucket.` */
  meaning: string
  /**
   * `true`: whenever something reads the declarations it stands in. A sentence tells when else, such as
   * `for export-batch`; then the reader names the input where that is so.
   */
  required?: true | string
  /** The input whose value is taken where this one is not set: `readInputs` puts it in its place. */
  unless?: string
  /** What holds where it is not set. */
  default?: string
  /** What not being set means where there is no default, such as `all`. */
  unset?: string
  example?: string
  shape: Shape<T>
  /** Its value is masked wherever it would be seen. */
  secret?: true
  /** A person chose it, such as a password: it may stand in quotes, and look like a placeholder. */
  anyText?: true
  /** Only the command line reads it: it is bound to no action. */
  cliOnly?: true
}

/** Inputs by name; those of a connector by what stands behind the prefix, such as `BUCKET` for `S3_BUCKET`. */
export type InputDeclarations = Readonly<Record<string, InputDeclaration>>

/** Gives declarations their types, and the editor its help. */
export const declareInputs = <const Declared extends InputDeclarations>(declared: Declared): Declared =>
  declared

/** The whole name of an input: `S3_BUCKET` for `BUCKET`. */
export const inputName = (name: string, prefix?: string): string =>
  prefix === undefined ? name : `${prefix}_${name}`

/** Declarations by whole names. */
export const prefixed = (prefix: string, declared: InputDeclarations): InputDeclarations =>
  Object.fromEntries(
    Object.entries(declared).map(([name, declaration]) => [inputName(name, prefix), declaration]),
  )

type Declared<T> = InputDeclaration<T>

/** What an input is read as. */
type ValueOf<One extends InputDeclaration, IsRequired> =
  One extends Declared<infer T>
    ? IsRequired extends true
      ? T
      : One extends { required: true } | { default: string }
        ? T
        : T | undefined
    : never

/** What declarations are read as. `Required` are those that are needed although their declarations do not say so. */
export type InputValues<Declared extends InputDeclarations, Required extends keyof Declared = never> = {
  readonly [Name in keyof Declared]: ValueOf<Declared[Name], Name extends Required ? true : false>
}
