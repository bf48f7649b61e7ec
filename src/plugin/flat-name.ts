import { createHash } from 'node:crypto'

const maxLength = 100
const hashLength = 12
const plain = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/
/** The form of the generated names. A name that already has this form gets a hash, too. */
const made = new RegExp(`_[0-9a-f]{${hashLength}}(\\.[^.]*)?$`)
const extension = /\.[A-Za-z0-9]{1,15}$/

/**
 * A key as a name without folders: ASCII letters, digits, `.`, `_`, `-`, at most 100 of them. A key that is one already,
 * in lower case, stays; any other gets a hash of itself before its extension: `shop/Lamp 1.png` becomes
 * `Lamp_1_3f9a0c1d2e4b.png`. Two keys never give one name, not even where upper and lower case are the same.
 */
export function flatName(key: string): string {
  if (plain.test(key) && key.length <= maxLength && !made.test(key)) return key
  const name = key.slice(key.lastIndexOf('/') + 1)
  const ending = extension.exec(name)?.[0] ?? ''
  const stem = name
    .slice(0, name.length - ending.length)
    .replace(/[^A-Za-z0-9.-]+/g, '_')
    .replace(/^[._-]+|[._-]+$/g, '')
    .slice(0, maxLength - hashLength - 1 - ending.length)
  return `${stem === '' ? 'file' : stem}_${hashOf(key)}${ending}`
}

/** Of UTF-16, since UTF-8 writes all broken characters alike. */
const hashOf = (text: string): string =>
  createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex').slice(0, hashLength)
