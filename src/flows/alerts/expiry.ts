import { isRecord, parseJson } from '../../core/json'

/**
 * When what an input holds ends, where it says so: the `se` of a shared access signature (Azure Storage, service SAS), the
 * date and lifetime of a signed URL (AWS, Signature Version 4), the `exp` of a JSON Web Token (RFC 7519).
 * @returns milliseconds since the epoch, of the first to end; undefined when nothing tells
 */
export function expiryOf(text: string): number | undefined {
  const times = [...signatures(text), ...signedUrls(text), ...webTokens(text)].filter(Number.isFinite)
  return times.length === 0 ? undefined : Math.min(...times)
}

function signatures(text: string): number[] {
  if (!/[?&;=]sig=/.test(text)) return []
  return [...text.matchAll(/[?&;=]se=([^&;\s"']{8,40})/g)].map(([, time = '']) => Date.parse(decoded(time)))
}

function signedUrls(text: string): number[] {
  const [, year, month, day, hour, minute, second] =
    /X-Amz-Date=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/i.exec(text) ?? []
  const [, seconds] = /X-Amz-Expires=(\d{1,7})/i.exec(text) ?? []
  if (year === undefined || seconds === undefined) return []
  return [Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + Number(seconds) * 1000]
}

function webTokens(text: string): number[] {
  return [...text.matchAll(/\beyJ[\w-]{5,2000}\.(eyJ[\w-]{5,8000})\./g)].flatMap(([, payload = '']) => {
    const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'))
    return isRecord(claims) && typeof claims.exp === 'number' ? [claims.exp * 1000] : []
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
