import { isJsonObject, type JsonObject, type JsonValue } from './json'

/** The kinds of entities that a namespace holds, as they stand in a path. */
export const kinds = ['packages', 'actions', 'triggers', 'rules'] as const
export type Kind = (typeof kinds)[number]

/** An entity as it was put, with what the platform adds. */
export type Entity = JsonObject

/** What is wrong with a request, as the platform answers it. */
export type Refusal = { status: number; error: string }

const missing: Refusal = { status: 404, error: 'The requested resource does not exist.' }

/** The platform gives so many of a list unless it is asked for more, and never more than 200. */
const usualLimit = 30

/**
 * What one namespace of OpenWhisk holds. A list tells less than an entity: no parameters and no code, and of a rule neither
 * trigger nor action.
 * Source: Apache OpenWhisk, REST API and core/controller (`Packages`, `Actions`, `Triggers`, `Rules`).
 */
export class Entities {
  private readonly held = new Map<string, Entity>()

  readonly namespace: string

  constructor(namespace: string) {
    this.namespace = namespace
  }

  has(kind: Kind, name: string): boolean {
    return this.held.has(`${kind} ${name}`)
  }

  /** Puts an entity; what the body leaves out stays as it was. */
  put(kind: Kind, name: string, body: JsonObject, overwrite: boolean): Entity | Refusal {
    const before = this.held.get(`${kind} ${name}`)
    if (before !== undefined && !overwrite) return { status: 409, error: 'resource already exists' }
    const refusal =
      kind === 'rules' ? this.missingOf(body) : kind === 'actions' ? this.packageOf(name) : undefined
    if (refusal !== undefined) return refusal
    const path = name.split('/')
    const entity = {
      publish: false,
      parameters: [],
      annotations: [],
      ...before,
      ...body,
      ...(kind === 'rules'
        ? { status: 'active', trigger: reference(body.trigger), action: reference(body.action) }
        : {}),
      name: path.at(-1) ?? name,
      namespace: [this.namespace, ...path.slice(0, -1)].join('/'),
      version: `0.0.${1 + Number(String(before?.version ?? '0.0.0').split('.')[2])}`,
    }
    this.held.set(`${kind} ${name}`, entity)
    return entity
  }

  get(kind: Kind, name: string): Entity | Refusal {
    const entity = this.held.get(`${kind} ${name}`)
    if (entity === undefined) return missing
    if (kind === 'packages') return { ...entity, actions: this.named('actions', `${this.namespace}/${name}`) }
    if (kind === 'triggers') return { ...entity, rules: this.rulesOf(name) }
    return entity
  }

  delete(kind: Kind, name: string): Entity | Refusal {
    const entity = this.get(kind, name)
    if (isRefusal(entity)) return entity
    if (kind === 'packages' && this.named('actions', `${this.namespace}/${name}`).length > 0)
      return { status: 409, error: 'Package not empty' }
    this.held.delete(`${kind} ${name}`)
    return entity
  }

  list(kind: Kind, query: Readonly<Record<string, string>>): Entity[] {
    const skip = Number(query.skip ?? 0)
    const limit = Number(query.limit ?? usualLimit)
    return this.all(kind)
      .map(({ name = '', namespace = '', version = '', publish = false, annotations = [] }) => ({
        name,
        namespace,
        version,
        publish,
        annotations,
      }))
      .slice(skip, skip + (limit === 0 ? 200 : Math.min(limit, 200)))
  }

  /** The full names of the actions that a trigger starts. */
  startedBy(trigger: string): string[] {
    return Object.values(this.rulesOf(trigger)).flatMap((rule) => {
      const action = isJsonObject(rule) ? rule.action : undefined
      return isJsonObject(action) ? [`${action.path}/${action.name}`.slice(this.namespace.length + 1)] : []
    })
  }

  private all(kind: Kind): Entity[] {
    return [...this.held].flatMap(([key, entity]) => (key.startsWith(`${kind} `) ? [entity] : []))
  }

  private named(kind: Kind, namespace: string): JsonObject[] {
    return this.all(kind).flatMap(({ name = '', namespace: own }) => (own === namespace ? [{ name }] : []))
  }

  private rulesOf(trigger: string): JsonObject {
    return Object.fromEntries(
      this.all('rules').flatMap(({ name, trigger: of, action = null, status = '' }): [string, JsonValue][] =>
        isJsonObject(of) && of.name === trigger ? [[`${this.namespace}/${name}`, { action, status }]] : [],
      ),
    )
  }

  /** A rule needs its action and its trigger. */
  private missingOf({ action, trigger }: JsonObject): Refusal | undefined {
    const inside = (full: JsonValue | undefined): string => String(full).replace(`/${this.namespace}/`, '')
    if (!this.has('actions', inside(action)))
      return { ...missing, error: `The requested resource does not exist: ${action}` }
    if (!this.has('triggers', inside(trigger)))
      return { ...missing, error: `The requested resource does not exist: ${trigger}` }
    return undefined
  }

  private packageOf(name: string): Refusal | undefined {
    const [inPackage, action] = name.split('/')
    return action === undefined || this.has('packages', inPackage ?? '') ? undefined : missing
  }
}

export const isRefusal = (value: Entity | Refusal): value is Refusal =>
  typeof value.error === 'string' && typeof value.status === 'number'

/** As a rule is given: path and name apart. */
function reference(full: JsonValue | undefined): JsonObject {
  const path = String(full)
    .split('/')
    .filter((part) => part !== '')
  return { path: path.slice(0, -1).join('/'), name: path.at(-1) ?? '' }
}
