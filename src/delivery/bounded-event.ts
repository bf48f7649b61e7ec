import { jsonBytes } from '../core/json'
import { shown } from '../core/shown'

/** Far more than an event has once it is reduced. All who are kept share a rate of 1 MB a second, and 200 MB in all. */
const maxEventBytes = 32_000

/** An event that is too large keeps what names its asset, and of the rest as much as goes. */
export function boundedEvent(event: unknown): unknown {
  const fits = (value: unknown): boolean => jsonBytes(value) <= maxEventBytes
  if (fits(event)) return event
  const short = [100, 20, 5, 0].map((others) => shortened(event, others)).find(fits)
  return short ?? { shortened: shown(event, 20_000) }
}

/** Members that say which event it is and which asset it is about, in each format; none is longer than a path. */
const naming =
  /^(@id|@type|id|source|type|time|data|event|eventid|event_id|assetId|repositoryMetadata|(repo|activitystreams|xdm\w+):\w+)$/
const maxNaming = 4_096
const maxOther = 500
const maxNamingMembers = 30

function shortened(value: unknown, others: number, isNaming = false, depth = 0): unknown {
  const longest = isNaming ? maxNaming : maxOther
  if (typeof value === 'string') return value.length > longest ? `${value.slice(0, longest)}...` : value
  if (typeof value !== 'object' || value === null) return value
  if (depth > 6) return '...'
  if (Array.isArray(value)) {
    return value.slice(0, Math.min(others, 20)).map((item) => shortened(item, others, false, depth + 1))
  }
  const entries = Object.entries(value)
  const kept = [
    ...entries.filter(([name]) => naming.test(name)).slice(0, maxNamingMembers),
    ...entries.filter(([name]) => !naming.test(name)).slice(0, others),
  ]
  return Object.fromEntries(
    kept.map(([name, item]) => [
      name.slice(0, 200),
      shortened(item, depth === 0 ? others : Math.min(others, 20), naming.test(name), depth + 1),
    ]),
  )
}
