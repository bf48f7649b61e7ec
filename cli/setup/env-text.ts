import { parse } from 'dotenv'
import { CommandError } from '../output'

/** One assignment, as dotenv 17 finds it, without the lines before it: the name, and what stands behind the equals sign. */
const assignment =
  /^[^\S\r\n\u2028\u2029]*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/dgm

/** What an environment file says, as the app's command line and `aio` read it. */
export const readEnvText = (text: string): Readonly<Record<string, string>> => parse(text)

/**
 * The text of an environment file with these values. All other lines stay, with their order and comments; what is new
 * comes at the end.
 * @throws {CommandError} a value that no line can carry, or a file in which a name cannot be told from its surroundings
 */
export function withValues(text: string, values: Readonly<Record<string, string>>, file: string): string {
  const before = readEnvText(text)
  let after = text
  for (const [name, value] of Object.entries(values)) {
    if (before[name] !== value) after = withValue(after, name, value)
  }
  const read = readEnvText(after)
  const expected = { ...before, ...values }
  const wrong = Object.keys({ ...expected, ...read }).find((name) => read[name] !== expected[name])
  if (wrong === undefined) return after
  throw new CommandError(`${file} cannot be changed without harm to ${wrong}: write that line on one line`)
}

function withValue(text: string, name: string, value: string): string {
  const written = writtenValue(name, value)
  // Of several, dotenv takes the last one.
  const last = [...text.matchAll(assignment)].filter(([, found]) => found === name).at(-1)
  if (last === undefined)
    return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${name}=${written}\n`
  const range = last.indices?.[2]
  if (range === undefined) {
    const [, end] = last.indices?.[1] ?? [0, 0]
    const place = end + (/^\s*[=:]/.exec(text.slice(end))?.[0].length ?? 0)
    return `${text.slice(0, place)}${written}${text.slice(place)}`
  }
  const [start, end] = range
  const old = text.slice(start, end)
  const [lead, trail] = [/^\s*/.exec(old)?.[0] ?? '', old.slice(old.trimEnd().length)]
  return `${text.slice(0, start)}${lead}${written}${trail}${text.slice(end)}`
}

/** Lines that follow must be read as they are, whatever quotes they have. */
const following = { A: "'", B: '"', C: '`', D: 'x' }
const followingLines = `A="'"\nB='"'\nC="\`"\nD=x\n`

/**
 * A value as it stands behind the equals sign, on one line, so that dotenv reads exactly that.
 * @throws {CommandError} no line can carry it
 */
function writtenValue(name: string, value: string): string {
  const escaped = value.replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  const ways = [
    ...(/^[^\s"'`#$\\]*$/.test(value) ? [value] : []),
    ...['"', "'", '`'].flatMap((quote) =>
      value.includes(quote) ? [] : [`${quote}${quote === '"' ? escaped : value}${quote}`],
    ),
    value,
  ]
  const written = ways.find((way) => {
    if (/[\r\n]/.test(way)) return false
    const read = parse(`V=${way}\n${followingLines}`)
    return (
      read.V === value &&
      Object.keys(read).length === 5 &&
      Object.entries(following).every(([key, it]) => read[key] === it)
    )
  })
  if (written !== undefined) return written
  throw new CommandError(
    `${name} has a combination of quotes, backslashes and line breaks that no line of an environment file can carry: take another value`,
  )
}
