import { isRecord } from './json'

const mask = '[redacted]'
const maxDepth = 12
const minSecretLength = 4

const secretName =
  /authorization|cookie|passw(or)?d|secret|token|credential|api[-_]?key|private[-_]?key|signature|^(sig|auth)$/i

/** Query parameters that make a URL a key: Azure SAS, AWS signatures, OAuth tokens. */
const signedQuery =
  /([?&](?:sig|se|sp|st|sv|sr|skoid|sktid|token|access_token|client_secret|code|key|x-amz-[a-z-]+)=)[^&\s"'<>]*/gi
const bearerScheme = /\b(Bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi
/** In the header's own name whatever follows; elsewhere, "Basic" is a word like any other. */
const basicScheme = /(\bauthorization[\s"'\\:=]{1,8})?\b(Basic)\s+([A-Za-z0-9._~+/=-]{8,})/gi
const jsonWebToken = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g
/** Up to the last @ before the path, as URL parsers read it. */
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/?#\s"']+@/gi

/** Base64 of a user, a colon and a password, none of them with control characters (RFC 7617). */
function isUserAndPassword(token: string): boolean {
  const bytes = Buffer.from(token, 'base64')
  return bytes.includes(0x3a) && bytes.every((byte) => byte >= 0x20 && byte !== 0x7f)
}

/** Takes secrets out of what is about to be logged, stored or answered. */
export type Redactor = {
  /** Makes a value known as a secret: from now on it is masked wherever it appears. */
  add(secret: string | undefined): void
  text(text: string): string
  /** A copy of any value with names and values of secrets masked; deep, bounded, never throws. */
  value(value: unknown): unknown
}

/** Creates a redactor that knows the given secrets besides what it recognises by its form. */
export function createRedactor(secrets: Iterable<string | undefined> = []): Redactor {
  let known: readonly string[] = []

  function add(secret: string | undefined): void {
    if (secret === undefined || secret.length < minSecretLength || known.includes(secret)) return
    const forms = [
      secret,
      encodeURIComponent(secret.toWellFormed()),
      new URLSearchParams([['', secret]]).toString().slice(1),
      JSON.stringify(secret).slice(1, -1),
    ]
    // Longest first: a secret that begins with another one must not leave its rest behind.
    known = [...new Set([...known, ...forms])].sort((a, b) => b.length - a.length)
  }

  function text(input: string): string {
    let output = input
    for (const secret of known) output = output.replaceAll(secret, mask)
    return output
      .replace(userInfo, `$1${mask}@`)
      .replace(signedQuery, `$1${mask}`)
      .replace(bearerScheme, `$1 ${mask}`)
      .replace(basicScheme, (whole, header: string | undefined, scheme: string, token: string) =>
        header !== undefined || isUserAndPassword(token) ? `${header ?? ''}${scheme} ${mask}` : whole,
      )
      .replace(jsonWebToken, mask)
  }

  function redact(input: unknown, depth: number, parents: readonly unknown[]): unknown {
    try {
      return copy(input, depth, parents)
    } catch {
      return '[unreadable]'
    }
  }

  function copy(input: unknown, depth: number, parents: readonly unknown[]): unknown {
    if (typeof input === 'string') return text(input)
    if (typeof input === 'bigint') return input.toString()
    if (input instanceof Error) return errorFields(input, depth, parents)
    if (typeof input !== 'object' || input === null) return typeof input === 'function' ? '[function]' : input
    if (depth >= maxDepth || parents.includes(input)) return '[...]'
    const path = [...parents, input]
    if (Array.isArray(input)) return input.map((item) => redact(item, depth + 1, path))
    if (!isRecord(input)) return `[${input.constructor?.name ?? 'object'}]`
    return Object.fromEntries(
      Object.entries(input).map(([name, item]) => [
        text(name),
        secretName.test(name) && item !== undefined && item !== null ? mask : redact(item, depth + 1, path),
      ]),
    )
  }

  function errorFields(error: Error, depth: number, parents: readonly unknown[]): unknown {
    return {
      name: text(String(error.name)),
      message: text(String(error.message)),
      ...('code' in error ? { code: redact(error.code, depth + 1, parents) } : {}),
    }
  }

  for (const secret of secrets) add(secret)
  return { add, text, value: (input) => redact(input, 0, []) }
}
