import { isJsonObject, type JsonObject, parseJson } from '../json'
import { type Answer, json, type RecordedRequest } from '../server'
import type { Catalogue } from './catalogue'
import { Refused, unknownNames } from './refusal'

/** The parameters of a list of products, checked. */
export type ListQuery = {
  scope: string | undefined
  locales: string[] | undefined
  attributes: string[] | undefined
  search: string | undefined
  limit: number
  searchAfter: string | undefined
  pagination: 'page' | 'search_after'
  page: number
  withOptions: boolean
}

const knownFlags = [
  'with_count',
  'with_attribute_options',
  'with_completenesses',
  'with_quality_scores',
  'with_asset_share_links',
]
const maxOffset = 10_000

const flag = (parameters: Record<string, string>, name: string): boolean => {
  const text = parameters[name] ?? 'false'
  if (text === 'true' || text === 'false') return text === 'true'
  throw new Refused(
    422,
    `Parameter "${name}" has to be a boolean. Only "true" or "false" allowed, "${text}" given.`,
  )
}

const limitOf = (text: string | undefined): number => {
  if (text === undefined) return 10
  if (!/^[1-9]\d*$/.test(text)) throw new Refused(422, `"${text}" is not a valid limit number.`)
  if (Number(text) > 100) throw new Refused(422, 'You cannot request more than 100 items.')
  return Number(text)
}

const pageOf = (text: string | undefined): number => {
  if (text === undefined) return 1
  if (!/^[1-9]\d*$/.test(text)) throw new Refused(422, `"${text}" is not a valid page number.`)
  return Number(text)
}

const namesOf = (text: string | undefined): string[] | undefined =>
  text === undefined ? undefined : text.split(',').map((name) => name.trim())

const checkSelection = (query: ListQuery, catalogue: Catalogue): void => {
  const { scope, locales = [], attributes = [] } = query
  const channel = scope === undefined ? undefined : catalogue.channels.get(scope)
  if (scope !== undefined && channel === undefined) throw new Refused(422, `Scope "${scope}" does not exist.`)
  const strangers = locales.filter((locale) => catalogue.locales.get(locale) !== true)
  if (strangers.length > 0) {
    throw new Refused(
      422,
      unknownNames('Locale', 'Locales', strangers, [
        'does not exist or is not activated.',
        'do not exist or are not activated.',
      ]),
    )
  }
  const elsewhere = channel ? locales.filter((locale) => !channel.locales.includes(locale)) : []
  if (elsewhere.length > 0) {
    const end = `not activated for the scope "${scope}".`
    throw new Refused(422, unknownNames('Locale', 'Locales', elsewhere, [`is ${end}`, `are ${end}`]))
  }
  const unknown = attributes.filter((code) => !catalogue.attributes.has(code))
  if (unknown.length > 0) {
    const end = 'or you do not have permission to access'
    throw new Refused(
      422,
      unknownNames('Attribute', 'Attributes', unknown, [
        `does not exist ${end} it.`,
        `do not exist ${end} them.`,
      ]),
    )
  }
}

/** Body of `POST .../products-uuid/search`: texts and flags; paging stays in the query. */
const bodyParameters = (body: string): Record<string, string> => {
  const value = parseJson(body)
  if (!isJsonObject(value)) throw new Refused(400, 'Invalid json message received')
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const isFlag = name.startsWith('with_')
      if (typeof item !== (isFlag ? 'boolean' : 'string')) {
        throw new Refused(422, `Property "${name}" expects a ${isFlag ? 'boolean' : 'string'} as data.`)
      }
      return [name, String(item)]
    }),
  )
}

const bodyNames = ['search', 'scope', 'locales', 'attributes']

/** Reads and checks the parameters. Throws {@link Refused} as the PIM refuses. */
export const readListQuery = (request: RecordedRequest, catalogue: Catalogue): ListQuery => {
  const inBody = request.method === 'POST' ? bodyParameters(request.body) : {}
  const misplaced = request.method === 'POST' ? bodyNames.filter((name) => name in request.query) : []
  if (misplaced.length > 0) throw new Refused(422, `"${misplaced.join(', ')}" belong into the body.`)
  const parameters = { ...request.query, ...inBody }
  for (const name of Object.keys(parameters)) {
    if (name.startsWith('with_') && !knownFlags.includes(name)) {
      throw new Refused(422, `Parameter "${name}" does not exist.`)
    }
    if (name.startsWith('with_')) flag(parameters, name)
  }
  const pagination = parameters.pagination_type ?? 'page'
  if (pagination !== 'page' && pagination !== 'search_after') {
    throw new Refused(422, 'Pagination type does not exist.')
  }
  const query: ListQuery = {
    scope: parameters.scope,
    locales: namesOf(parameters.locales),
    attributes: namesOf(parameters.attributes),
    search: parameters.search,
    limit: limitOf(parameters.limit),
    searchAfter: parameters.search_after,
    pagination,
    page: pageOf(parameters.page),
    withOptions: flag(parameters, 'with_attribute_options'),
  }
  if (pagination === 'page' && query.page * query.limit > maxOffset) {
    throw new Refused(
      422,
      'You have reached the maximum number of pages you can retrieve with the "page" pagination type. Please use the search after pagination type instead',
    )
  }
  checkSelection(query, catalogue)
  return query
}

/** A page by `page` and `limit`, as every list of Akeneo's offers it. */
export const listPage = (
  items: readonly JsonObject[],
  request: RecordedRequest,
  linkBase: string,
): Answer => {
  const limit = limitOf(request.query.limit)
  const page = pageOf(request.query.page)
  const found = items.slice((page - 1) * limit, page * limit)
  const link = (number: number) => ({
    href: `${linkBase}${request.path}?${new URLSearchParams({ ...request.query, page: `${number}` })}`,
  })
  return json(200, {
    _links: {
      self: link(page),
      first: link(1),
      ...(items.length > page * limit ? { next: link(page + 1) } : {}),
    },
    current_page: page,
    _embedded: { items: found },
  })
}
