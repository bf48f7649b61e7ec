import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { isJsonObject, type JsonValue, parseJson } from '../../sandbox/json'
import type { Sandbox } from '../../sandbox/sandbox'
import type { HttpsEndpoint } from '../../sandbox/targets/https-endpoint'
import { type Due, isEnriched } from './backlog'
import { type ChaosFaults, editedTitle } from './faults'

type World = { sandbox: Sandbox; endpoint: HttpsEndpoint; due: Due; faults: ChaosFaults; kills: number }

const member = (value: JsonValue | undefined, name: string): JsonValue | undefined =>
  isJsonObject(value) ? value[name] : undefined

const recordAt = ({ state }: Sandbox, key: string): JsonValue | undefined => parseJson(state.value(key) ?? '')

/** Whether the cursor stands at the end, and nothing is parked. */
export function isDrained(sandbox: Sandbox): boolean {
  const keys = sandbox.state.keys()
  const [cursor = ''] = keys.filter((key) => key.startsWith('cursor.'))
  const position = member(recordAt(sandbox, cursor), 'position')
  return position === sandbox.journal.positions().at(-1) && !keys.some((key) => key.startsWith('pending.'))
}

/** Everything that is not as it has to be; nothing, as a rule. */
export async function problemsIn({ sandbox, endpoint, due, faults, kills }: World): Promise<string[]> {
  const inFolder = new Map((await sandbox.folder.files()).map(({ key, sha1 }) => [key, sha1]))
  const inEndpoint = new Map<string, string>()
  for (const key of endpoint.list()) {
    const bytes = await endpoint.read(key)
    inEndpoint.set(
      key,
      createHash('sha1')
        .update(bytes ?? '')
        .digest('hex'),
    )
  }
  const enrichment = due.enriched.filter((id) => !isEnriched(sandbox, id))
  const overwritten = due.edited.filter(
    (id) => sandbox.aem.asset(id).assetMetadata['dc:title'] !== editedTitle,
  )
  return [
    ...differences('folder', due.files.folder, inFolder),
    ...differences('https', due.files.https, inEndpoint),
    ...enrichment.map((id) => `${id} is not enriched`),
    ...overwritten.map((id) => `${id} has lost what somebody wrote`),
    ...doneAgain(endpoint, faults, kills),
    ...letterProblems(sandbox, due),
    ...(isDrained(sandbox) ? [] : ['the cursor is not at the end, or something is still parked']),
  ]
}

/** A file may be written again only when an answer was lost, or a process was killed before it could tell. */
function doneAgain({ requests }: HttpsEndpoint, { lost }: ChaosFaults, kills: number): string[] {
  const stored = new Map<string, number>()
  for (const { url, isStored } of requests) if (isStored) stored.set(url, (stored.get(url) ?? 0) + 1)
  return [...stored].flatMap(([url, times]) => {
    const allowed = 1 + kills + (lost.get(url) ?? 0)
    return times > allowed ? [`${url} was written ${times} times`] : []
  })
}

/** How many files were written more than once. */
export function writtenAgain({ requests }: HttpsEndpoint): number {
  const stored = requests.filter(({ isStored }) => isStored)
  return stored.length - new Set(stored.map(({ url }) => url)).size
}

/** The ids of the events that have a dead letter. */
export const lettered = (sandbox: Sandbox): ReadonlySet<string> =>
  new Set(
    sandbox.state
      .keys()
      .filter((key) => key.startsWith('dead-letter.'))
      .map((key) => String(member(member(recordAt(sandbox, key), 'event'), 'id'))),
  )

function differences(
  name: string,
  due: ReadonlyMap<string, string>,
  held: ReadonlyMap<string, string>,
): string[] {
  const missing = [...due].flatMap(([key, sha1]) => {
    const found = held.get(key)
    return found === sha1
      ? []
      : [`${name}: ${key} is ${found === undefined ? 'missing' : 'not what it is in AEM'}`]
  })
  const extra = [...held.keys()].filter((key) => !due.has(key)).map((key) => `${name}: ${key} is too much`)
  return [...missing, ...extra]
}

function letterProblems(sandbox: Sandbox, due: Due): string[] {
  const seen = new Map<string, number>()
  const problems: string[] = []
  for (const key of sandbox.state.keys().filter((it) => it.startsWith('dead-letter.'))) {
    const letter = recordAt(sandbox, key)
    const id = String(member(member(letter, 'event'), 'id'))
    seen.set(id, (seen.get(id) ?? 0) + 1)
    if (!due.letters.has(id))
      problems.push(`a dead letter of ${id}: ${JSON.stringify(member(letter, 'error'))}`)
  }
  const wrong = [...due.letters].filter((id) => seen.get(id) !== 1)
  return [...problems, ...wrong.map((id) => `${seen.get(id) ?? 0} dead letters of ${id}`)]
}

/** Hidden, unfinished files that killed runs left in the folder. */
export async function leftOvers({ folder }: Sandbox): Promise<number> {
  const all = await readdir(folder.root, { recursive: true, withFileTypes: true })
  return all.filter((entry) => entry.isFile() && entry.name.endsWith('.part')).length
}
