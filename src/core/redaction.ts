import { isRecord } from './json'

const mask = '[redacted]'
const usualDepth = 12
const minSecretLength = 4

const secretName =
  /authorization|cookie|passw(or)?d|secret|token|credential|api[-_]?key|private[-_]?key|signature|^(sig|auth)$/i

/** Whether a field, a header or a query parameter of this name holds a secret. */
export const isSecretName = (name: string): boolean => secretName.test(name)

/** Query parameters that make a URL a key: Azure SAS, AWS signatures, OAuth tokens. */
const signedQuery =
  /([?&](?:sig|se|sp|st|sv|sr|skoid|sktid|token|access_token|client_secret|code|key|x-amz-[a-z-]+)=)([^&\s"'<>]*)/gi
/** What stands in a hint in place of a value, with what ends the hint: `...)`, `{key}`. */
const hintValue = /^(\.{3}|…|\{[a-z]{1,20}\})?[).,;:`]{0,4}$/i
const bearerScheme = /\b(Bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi
/** In the header's own name whatever follows; elsewhere, "Basic" is a word like any other. */
const basicScheme = /(\bauthorization[\s"'\\:=]{1,8})?\b(Basic)\s+([A-Za-z0-9._~+/=-]{8,})/gi
/** Wherever the parts of a JSON Web Token may stand, and others like them. */
const dottedParts = /[A-Za-z0-9_.-]+/g
const tokenStart = /\beyJ[A-Za-z0-9_-]{5}/
const minTokenPart = 5
/** Up to the last @ before the path, as URL parsers read it. What the scheme is does not matter. */
const userInfo = /(:\/\/)([^/?#\s"']+)@/g
/** In a hint. */
const hintUser = /^(user|\.{3}|…)$/

/** Every form of a secret has one of these in it. Most texts have none, and need no look for each form. */
const partOfForm = /:\/\/|=|eyJ|\bB(?:earer|asic)\s/i

/** Masks from the beginning of a JSON Web Token to its end: three parts, the last of which may be missing. */
function withoutWebTokens(dotted: string): string {
  const parts = dotted.split('.')
  const shown: string[] = []
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? ''
    const start = (parts[index + 1] ?? '').length < minTokenPart ? -1 : part.search(tokenStart)
    shown.push(start < 0 ? part : `${part.slice(0, start)}${mask}`)
    if (start >= 0) index += 2
  }
  return shown.join('.')
}

/** What one text may have, in characters: far more than a message or a value for people has. */
const maxText = 200_000
/** Cut off besides, so that no half of a secret is left at the end. */
const cutMargin = 8_192

/** Base64 of a user, a colon and a password, none of them with control characters (RFC 7617). */
function isUserAndPassword(token: string): boolean {
  const bytes = Buffer.from(token, 'base64')
  return bytes.includes(0x3a) && bytes.every((byte) => byte >= 0x20 && byte !== 0x7f)
}

/** Takes secrets out of what is about to be logged, stored or answered. */
export type Redactor = {
  /** Makes a value known as a secret: from now on it is masked wherever it appears. */
  add(secret: string | undefined): void
  /** The text with secrets masked; a very long one is cut, and says so. */
  text(text: string): string
  /**
   * A copy of any value with names and values of secrets masked; deep, bounded, never throws.
   * @param depth levels; what lies deeper is left out @default 12
   */
  value(value: unknown, depth?: number): unknown
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

  /** Cut first, then masked: what somebody else wrote must not cost more than its share. */
  function text(input: string): string {
    if (input.length <= maxText) return masked(input)
    const margin = Math.max(cutMargin, known[0]?.length ?? 0)
    const output = masked(input.slice(0, maxText + margin))
    return `${output.slice(0, Math.max(0, output.length - margin))}... [cut: ${input.length} characters]`
  }

  function masked(input: string): string {
    let output = input
    for (const secret of known) {
      if (secret.length <= output.length) output = output.replaceAll(secret, mask)
    }
    if (!partOfForm.test(output)) return output
    return output
      .replace(userInfo, (whole, scheme: string, user: string) =>
        hintUser.test(user) ? whole : `${scheme}${mask}@`,
      )
      .replace(signedQuery, (whole, name: string, value: string) =>
        hintValue.test(value) ? whole : `${name}${mask}`,
      )
      .replace(bearerScheme, `$1 ${mask}`)
      .replace(basicScheme, (whole, header: string | undefined, scheme: string, token: string) =>
        header !== undefined || isUserAndPassword(token) ? `${header ?? ''}${scheme} ${mask}` : whole,
      )
      .replace(dottedParts, withoutWebTokens)
  }

  /** @param depth levels that are left */
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
    if (depth <= 0 || parents.includes(input)) return '[...]'
    const path = [...parents, input]
    if (Array.isArray(input)) return input.map((item) => redact(item, depth - 1, path))
    if (!isRecord(input)) return `[${input.constructor?.name ?? 'object'}]`
    return Object.fromEntries(
      Object.entries(input).map(([name, item]) => [
        text(name),
        secretName.test(name) && item !== undefined && item !== null ? mask : redact(item, depth - 1, path),
      ]),
    )
  }

  function errorFields(error: Error, depth: number, parents: readonly unknown[]): unknown {
    return {
      name: text(String(error.name)),
      message: text(String(error.message)),
      ...('code' in error ? { code: redact(error.code, depth - 1, parents) } : {}),
    }
  }

  for (const secret of secrets) add(secret)
  return { add, text, value: (input, depth = usualDepth) => redact(input, depth, []) }
}
