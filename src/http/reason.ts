import { isRecord, parseJson } from '../core/json'
import { createRedactor } from '../core/redaction'
import { oneLine } from '../core/visible'

/** As much of an error answer is looked at, in characters. */
const maxBody = 64 * 1024
const maxReason = 300
const maxTitle = 100
/** Of a list of errors. */
const maxErrors = 3
const maxDepth = 3
/** What has no space for so long is cut all the same. */
const longestWord = 100

/** Masks tokens and signed URLs here already; values that are secret only by the inputs are masked where a message goes. */
const byForm = createRedactor()

/** Where systems write in words what is wrong, the most telling first. */
const inWords = ['detail', 'message', 'error_description', 'error_message', 'description', 'msg', 'reason']
/** The same of those whose names have a dot, as Sling writes them. */
const inWordsOfSling = ['status.message']
/** Where they write a code for it. */
const asCode = ['error_code', 'errorCode', 'code', 'error']
/** Where there is more inside. */
const inside = ['error', 'errors', 'violations', 'fault']
/** Less telling: what is wrong as a phrase. */
const asPhrase = ['title', 'error']

/**
 * The reason that another system gives in the body of an error answer: in JSON (RFC 7807, RFC 6749 section 5.2, and what
 * AEM, Akeneo, Marketo and I/O Runtime write), in XML (S3, Azure, WebDAV), the title of an HTML page, or a plain text. It
 * is on one line and of bounded length, and it is cut between words, so that no half of a secret is left that could not be masked. Tokens and signed URLs in it are masked. It never throws.
 * @returns empty when there is none
 */
export function reasonIn(body: string | null | undefined): string {
  const text = (body ?? '').trim()
  if (text === '' || text.length > maxBody) return ''
  if (text.startsWith('<')) return cutAtWord(reasonInMarkup(text), maxReason)
  if (!/^[[{"]/.test(text)) return isBinary(text) ? '' : cutAtWord(text, maxReason)
  return reasonOfValue(parseJson(text))
}

/** The same of a body that has been parsed already, or of a text that somebody else has taken out of it. */
export const reasonOfValue = (value: unknown): string =>
  typeof value === 'string' ? reasonIn(value) : cutAtWord(reasonOf(value, 0), maxReason)

/**
 * The reason in brackets, to be put behind what the other system did: ` (it says: Api Key is invalid)`; empty when there is
 * none.
 * @param body of its answer
 */
export const saying = (body: string | null | undefined): string => inBrackets(reasonIn(body))

/** The same with a reason that is known already. */
export const inBrackets = (reason: string): string => (reason === '' ? '' : ` (it says: ${reason})`)

function reasonOf(value: unknown, depth: number): string {
  if (typeof value === 'string') return value.trim()
  if (depth >= maxDepth) return ''
  if (Array.isArray(value)) {
    const reasons = value.slice(0, maxErrors).map((item) => reasonOf(item, depth + 1))
    return [...new Set(reasons)].filter((reason) => reason !== '').join('; ')
  }
  if (!isRecord(value)) return ''
  const words = textAt(value, [...inWords, ...inWordsOfSling])
  const code = codeOf(value)
  const deeper = inside
    .map((name) => (typeof value[name] === 'object' ? reasonOf(value[name], depth + 1) : ''))
    .find((reason) => reason !== '')
  const parts = [words ?? (deeper === undefined ? textAt(value, asPhrase) : undefined), deeper]
  const said = [...new Set(parts)]
    .filter((part) => part !== undefined)
    .join('; ')
    .replaceAll('.; ', '. ')
  return code === undefined || said.includes(code) ? said || (code ?? '') : joined(code, said)
}

const joined = (code: string, said: string): string => (said === '' ? code : `${code}: ${said}`)

/** Three digits are the status once more, as a rule; what is long and has digits is the number of a transaction. */
function codeOf(value: Record<string, unknown>): string | undefined {
  const code = textAt(value, asCode)
  if (code === undefined || /^[1-5]\d\d$/.test(code)) return undefined
  return code.length >= 20 && /\d/.test(code) ? undefined : code
}

function textAt(value: Record<string, unknown>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const item = Object.hasOwn(value, name) ? value[name] : undefined
    if (typeof item === 'number') return String(item)
    if (typeof item === 'string' && item.trim() !== '') return item.trim()
  }
  return undefined
}

/** Elements by their local names; what is in them up to the next tag. */
const codeElement = /<(?:\w{1,20}:)?(?:Code|exception)(?:\s[^<>]{0,500})?>([^<]{1,500})/
const wordsElement =
  /<(?:\w{1,20}:)?(?:Message|message|faultstring|responsedescription)(?:\s[^<>]{0,500})?>([^<]{1,5000})/
const titleElement = /<title(?:\s[^<>]{0,500})?>([^<]{1,5000})/i
const page = /<html[\s>]|<!doctype html/i

function reasonInMarkup(text: string): string {
  if (page.test(text)) return cutAtWord(elementIn(text, titleElement), maxTitle)
  const code = elementIn(text, codeElement)
  const words = elementIn(text, wordsElement)
  if (code === '') return words
  return words.includes(code) ? words : joined(code, words)
}

const elementIn = (text: string, element: RegExp): string => unescaped(element.exec(text)?.[1] ?? '').trim()

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&#39;': "'",
  '&amp;': '&',
}
const unescaped = (text: string): string =>
  text.replace(/&(?:lt|gt|quot|apos|#39|amp);/g, (entity) => entities[entity] ?? entity)

/** A replacement character, or a NUL: these are no words. */
const isBinary = (text: string): boolean => text.includes('\ufffd') || text.includes('\0')

function cutAtWord(text: string, most: number): string {
  const line = oneLine(byForm.text(text.slice(0, 8 * most)), 2 * most)
  if (line.length <= most && text.length <= 8 * most) return line
  const space = line.slice(0, most + 1).lastIndexOf(' ')
  return `${line.slice(0, most - space > longestWord ? most : space)} ...`
}
