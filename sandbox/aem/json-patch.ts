import { isJsonObject, type JsonObject, type JsonValue } from '../json'

/** How a patch names a property: `/dc:title`, `/assetMetadata/dc:title` or `dc:title`. */
export type PathStyle = 'short' | 'full' | 'bare'

/** What a patch may do. */
export type PatchRules = {
  pathStyle: PathStyle | 'any'
  /** Operations in this style are accepted and not carried out. */
  ignoresStyle?: PathStyle | undefined
  /** RFC 6902 says that `add` replaces an existing value; AEM's schema guide says that it fails. */
  addExisting: 'reject' | 'replace'
  /** Read-only properties. */
  readOnly: readonly string[]
  /** Properties that a schema lets pass and does not keep: operations on them are accepted and not carried out. */
  dropped?: readonly string[]
  /** Registered JCR namespaces; a name with another prefix is refused. */
  namespaces: readonly string[] | 'any'
}

/** A patch that is refused: the HTTP status and a sentence. */
export class PatchRefused extends Error {
  readonly status: number
  constructor(status: number, detail: string) {
    super(detail)
    this.name = 'PatchRefused'
    this.status = status
  }
}

const refuse = (detail: string, status = 400): never => {
  throw new PatchRefused(status, detail)
}

type Operation = {
  op: string
  path: string
  style: PathStyle
  tokens: string[]
  value: JsonValue | undefined
}

/** Splits a pointer (RFC 6901) and tells its style. Refuses what is not a pointer to a property. */
const parsePath = (path: string): { style: PathStyle; tokens: string[] } => {
  const slash = path.startsWith('/')
  const tokens = (slash ? path.slice(1) : path).split('/').map((token) => {
    if (/~(?![01])/.test(token)) refuse(`Invalid path "${path}": ~ must be written ~0`)
    return token.replaceAll('~1', '/').replaceAll('~0', '~')
  })
  if (tokens[0] === 'repositoryMetadata')
    refuse(`Invalid path "${path}": repositoryMetadata cannot be changed`)
  const full = slash && tokens[0] === 'assetMetadata'
  const names = full ? tokens.slice(1) : tokens
  if (names.length === 0 || names.some((it) => it === '' || it === '__proto__')) {
    refuse(`Invalid path "${path}": it names no property`)
  }
  return { style: full ? 'full' : slash ? 'short' : 'bare', tokens: names }
}

const kindOf = (value: JsonValue): string => {
  if (value === null) return refuse('A value must not be null: use remove')
  if (Array.isArray(value)) return 'array'
  return typeof value
}

/**
 * Values that JCR can hold: a string, boolean or number, arrays of one of those, objects (child nodes) of
 * these.
 */
const checkValue = (value: JsonValue, path: string): void => {
  const kind = kindOf(value)
  if (Array.isArray(value)) {
    const kinds = new Set(value.map(kindOf))
    if (kinds.has('array')) refuse(`Invalid value for "${path}": arrays cannot be nested`)
    if (kinds.size > 1) refuse(`Invalid value for "${path}": the values of one property have one type`)
    for (const item of value) checkValue(item, path)
  } else if (kind === 'object' && isJsonObject(value)) {
    for (const item of Object.values(value)) checkValue(item, path)
  }
}

const checkName = (name: string, path: string, rules: PatchRules): void => {
  if (rules.readOnly.includes(name)) refuse(`Property "${path}" is read-only`)
  const prefix = /^([^:]*):/.exec(name)?.[1]
  if (prefix === undefined) return
  if (['cq', 'jcr', 'oak', 'rep', 'sling'].includes(prefix)) refuse(`Property "${path}" is not in the schema`)
  if (rules.namespaces !== 'any' && !rules.namespaces.includes(prefix)) {
    refuse(`Property "${path}": namespace prefix "${prefix}" is not registered`)
  }
}

const parseOperation = (input: JsonValue, rules: PatchRules): Operation => {
  if (!isJsonObject(input)) return refuse('An operation must be an object')
  const { op, path, value } = input
  if (typeof path !== 'string') return refuse('An operation must have a path')
  if (typeof op !== 'string' || !['add', 'replace', 'remove', 'test'].includes(op)) {
    return refuse(`Operation "${String(op)}" on "${path}" is not supported`)
  }
  if (op !== 'remove' && value === undefined) return refuse(`Operation "${op}" on "${path}" has no value`)
  const { style, tokens } = parsePath(path)
  const known = rules.pathStyle === 'any' || style === rules.pathStyle || style === rules.ignoresStyle
  if (!known) refuse(`Invalid path "${path}": no such property`)
  if (value !== undefined) checkValue(value, path)
  checkName(tokens[0] ?? '', path, rules)
  return { op, path, style, tokens, value }
}

const child = (node: JsonValue, token: string): JsonValue | undefined => {
  if (Array.isArray(node)) return /^(0|[1-9]\d*)$/.test(token) ? node[Number(token)] : undefined
  return isJsonObject(node) && Object.hasOwn(node, token) ? node[token] : undefined
}

const writeItem = (list: JsonValue[], token: string, { op, path, value }: Operation): void => {
  const index = token === '-' ? list.length : /^(0|[1-9]\d*)$/.test(token) ? Number(token) : Number.NaN
  if (!(index <= (op === 'add' ? list.length : list.length - 1))) refuse(`Path "${path}" is not in the array`)
  if (op === 'add') list.splice(index, 0, value ?? null)
  else if (op === 'replace') list.splice(index, 1, value ?? null)
  else list.splice(index, 1)
}

const writeProperty = (node: JsonObject, name: string, operation: Operation, rules: PatchRules): void => {
  const { op, path, value } = operation
  const exists = Object.hasOwn(node, name)
  if (op === 'add' && exists && rules.addExisting === 'reject')
    refuse(`Cannot add "${path}": it exists already`)
  if (op !== 'add' && !exists) refuse(`Cannot ${op} "${path}": it does not exist`)
  if (op === 'remove') delete node[name]
  else node[name] = value ?? null
}

const carryOut = (root: JsonObject, operation: Operation, rules: PatchRules): void => {
  const { op, path, tokens, value } = operation
  let node: JsonValue = root
  for (const token of tokens.slice(0, -1)) {
    node = child(node, token) ?? refuse(`Path "${path}" leads nowhere`)
  }
  const name = tokens.at(-1) ?? ''
  if (op === 'test') {
    const same = JSON.stringify(child(node, name)) === JSON.stringify(value)
    if (!same) refuse(`Test of "${path}" failed`, 409)
  } else if (Array.isArray(node)) writeItem(node, name, operation)
  else if (isJsonObject(node)) writeProperty(node, name, operation, rules)
  else refuse(`Path "${path}" leads into a plain value`)
}

/**
 * The metadata after a JSON Patch (RFC 6902), and how many operations were carried out; the input is not
 * touched, so a refused patch changes nothing. Throws {@link PatchRefused}.
 */
export const applyPatch = (
  metadata: JsonObject,
  patch: JsonValue | undefined,
  rules: PatchRules,
): { metadata: JsonObject; writes: number } => {
  if (!Array.isArray(patch)) return refuse('The body must be a JSON array of operations')
  const result = structuredClone(metadata)
  const operations = patch.map((it) => parseOperation(it, rules))
  const effective = operations.filter(
    ({ style, tokens }) => style !== rules.ignoresStyle && !rules.dropped?.includes(tokens[0] ?? ''),
  )
  for (const operation of effective) carryOut(result, operation, rules)
  return { metadata: result, writes: effective.filter(({ op }) => op !== 'test').length }
}
