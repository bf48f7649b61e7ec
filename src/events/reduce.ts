import { isRecord } from '../core/json'
import { requireAsset } from './cloud-event'
import { decodeEvent } from './decode'
import { type Naming, naming } from './naming'

/**
 * Reduces an event to what is read of it, for all that is kept or handed over: who published an asset is nobody's
 * business then. An event that names its asset keeps the members that decoding reads, and decodes to the same. Of any
 * other a person has to see what it was: it keeps the rest, too, but for the members and addresses that name people.
 */
export const reducedEvent = (event: unknown): unknown =>
  namesAsset(event) ? picked(event, naming) : withoutPeople(event, naming, 0)

/** Whether an event can be decoded, and names an asset. */
export function namesAsset(event: unknown): boolean {
  try {
    requireAsset(decodeEvent(event))
    return true
  } catch {
    return false
  }
}

function picked(value: unknown, named: Naming): unknown {
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => {
      const what = Object.hasOwn(named, name) ? named[name] : undefined
      if (typeof what === 'string') return [[name, keptAs(item, 1)]]
      if (what === undefined || !isRecord(item)) return []
      const inner = picked(item, what)
      return changeMembers.has(name) && isEmpty(inner) ? [] : [[name, inner]]
    }),
  )
}

/** Of these only the old path of a move is read; most events have other things there. */
const changeMembers = new Set(['assetMetadata', 'event:updated'])
const isEmpty = (value: unknown): boolean => isRecord(value) && Object.keys(value).length === 0

/** Members that name people in events of AEM, of its event proxy and of Akeneo, and in the metadata of files. */
const personal =
  /user(id|name|s)?(:|$)|actor|author|creator|creat(ed)?by|edby|e?mail|principal|displayname|imsid|owner|contact/i
const address = /[^\s@<>()[\]"',;:]{1,64}@[^\s@<>()[\]"',;:]{1,255}/g
const maxDepth = 12

/** No decoder looks into what should be a text and is none. */
const keptAs = (item: unknown, depth: number): unknown =>
  typeof item === 'string' ? item : withoutPeople(item, {}, depth)

function withoutPeople(value: unknown, named: Naming, depth: number): unknown {
  if (typeof value === 'string') return value.includes('@') ? value.replace(address, '[address]') : value
  if (typeof value !== 'object' || value === null) return value
  if (depth >= maxDepth) return '[...]'
  if (Array.isArray(value)) return value.map((item) => withoutPeople(item, named, depth + 1))
  if (!isRecord(value)) return '[...]'
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => {
      const what = Object.hasOwn(named, name) ? named[name] : undefined
      if (what === undefined && personal.test(name)) return []
      if (typeof what === 'string') return [[name, keptAs(item, depth + 1)]]
      return [[name, withoutPeople(item, what ?? {}, depth + 1)]]
    }),
  )
}
