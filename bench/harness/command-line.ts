import { parseArgs } from 'node:util'
import type { Row, RowContext } from './row'

const common = {
  full: { what: 'the size of the published page', isSwitch: true },
  'ours-only': { what: 'leave the rival out', isSwitch: true },
  rounds: { what: 'how often each side runs' },
  out: { what: 'the folder for what is found (bench/out)' },
} as const

/** What was asked for: rows, or another command with its arguments. */
export type Asked = {
  names: readonly string[]
  context: RowContext
  /** The options, as they repeat the run. */
  args: readonly string[]
  /** Where results go, when it is not the usual folder. */
  out: string | undefined
}

/**
 * Reads the command line. An option counts for the rows that know it.
 * @throws {Error} for an option that none of the rows has, or a value that does not fit
 */
export function readCommandLine(argv: readonly string[], rows: readonly Row[]): Asked {
  const known = { ...Object.assign({}, ...rows.map(({ options = {} }) => options)), ...common }
  const { values, positionals } = parse(argv, known)
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: string): number | undefined => {
    const given = text(name)
    if (given === undefined) return undefined
    const value = Number(given)
    if (given.trim() === '' || !(value >= 0)) throw new Error(`--${name}=${given} is no number of at least 0`)
    return value
  }
  const isFull = values.full === true
  const asked = number('rounds')
  if (asked !== undefined && !(Number.isInteger(asked) && asked > 0))
    throw new Error(`--rounds=${asked} is no whole number above 0`)
  return {
    names: positionals,
    out: text('out'),
    args: Object.entries(values)
      .filter(([name]) => name !== 'out')
      .map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`)),
    context: {
      isFull,
      rounds: (small, full) => asked ?? (isFull ? full : small),
      oursOnly: values['ours-only'] === true,
      has: (name) => values[name] === true,
      text,
      number,
      say: console.log,
    },
  }
}

type Options = Readonly<Record<string, { what: string; isSwitch?: true }>>

function parse(argv: readonly string[], known: Options): ReturnType<typeof parseArgs> {
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { isSwitch }]) => [
      name,
      { type: isSwitch === true ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    const lines = Object.entries(known).map(([name, { what }]) => `  --${name.padEnd(12)} ${what}`)
    throw new Error(`${error instanceof Error ? error.message : error}\n\nOptions:\n${lines.join('\n')}`)
  }
}
