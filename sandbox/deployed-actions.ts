import { type Entities, type Entity, isRefusal } from './deploy-entities'
import { isJsonObject, type JsonObject, type JsonValue } from './json'
import type { ActionSpec } from './runtime/deployment'

/** What is deployed of an action. */
export type DeployedAction = {
  /** The zip, or the text of one file when the action is not binary. */
  code: Buffer
  isBinary: boolean
  /** What is bound to its package, and to itself. */
  inputs: JsonObject
  /** Its limits and annotations. */
  settings: Omit<ActionSpec, 'bundle' | 'inputs'>
}

/** The full name of an entity in its namespace, such as `asset-bridge/generic`. */
export const nameOf = (namespace: string, { namespace: path, name }: Entity): string =>
  `${path}/${name}`.slice(namespace.length + 1)

/** The actions that a namespace holds, by such names. */
export function deployedActions(entities: Entities): ReadonlyMap<string, DeployedAction> {
  return new Map(
    entities.list('actions', { limit: '0' }).flatMap((listed): [string, DeployedAction][] => {
      const name = nameOf(entities.namespace, listed)
      const action = entities.get('actions', name)
      const bound = entities.get('packages', name.split('/')[0] ?? '')
      if (isRefusal(action) || isRefusal(bound)) return []
      const { code: given = '' } = isJsonObject(action.exec) ? action.exec : {}
      const code = String(given)
      const isBinary = isBase64(code)
      return [
        [
          name,
          {
            code: Buffer.from(code, isBinary ? 'base64' : 'utf8'),
            isBinary,
            inputs: { ...asObject(bound.parameters), ...asObject(action.parameters) },
            settings: settingsOf(action),
          },
        ],
      ]
    }),
  )
}

/** The platform tells a zip from a text by this alone. Source: Apache OpenWhisk, `Exec.isBinaryCode`. */
const isBase64 = (code: string): boolean =>
  code.length > 0 && code.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(code)

/** Source: Apache OpenWhisk, REST API (`limits`) and annotations.md (`web-export`, `raw-http`, `final`, `provide-api-key`). */
function settingsOf({ limits, annotations }: Entity): DeployedAction['settings'] {
  const { timeout, memory, concurrency } = isJsonObject(limits) ? limits : {}
  const noted = asObject(annotations)
  return {
    ...(typeof timeout === 'number' ? { timeoutMs: timeout } : {}),
    ...(typeof memory === 'number' ? { memoryMb: memory } : {}),
    ...(typeof concurrency === 'number' ? { concurrency } : {}),
    rawWeb: noted['web-export'] === true && noted['raw-http'] === true,
    final: noted.final === true,
    provideApiKey: noted['provide-api-key'] === true,
  }
}

/** Of the platform's pairs of key and value. */
function asObject(pairs: JsonValue | undefined): JsonObject {
  if (!Array.isArray(pairs)) return {}
  return Object.fromEntries(
    pairs.flatMap((pair): [string, JsonValue][] =>
      isJsonObject(pair) ? [[String(pair.key), pair.value ?? null]] : [],
    ),
  )
}
