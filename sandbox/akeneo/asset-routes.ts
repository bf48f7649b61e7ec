import { randomBytes } from 'node:crypto'
import type { MovableClock } from '../clock'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../json'
import { json, type RecordedRequest } from '../server'
import type { Asset, AssetFamily, AssetManager } from './asset-families'
import type { Catalogue } from './catalogue'
import { phpMap } from './php'
import { readValues } from './product-values'
import type { ProductWrites } from './product-writes'
import { Refused } from './refusal'
import type { Route } from './route'
import type { Form, UploadedFile } from './uploads'

const rest = '/api/rest/v1'
const writeAssets = 'Create and update assets'
const writeProducts = 'Create and update products'

/** The writing half of the REST API, as far as media, assets and values of products go. */
export const createAssetRoutes = (parts: {
  catalogue: Catalogue
  manager: AssetManager
  writes: ProductWrites
  clock: MovableClock
  linkBase: () => string
  /** The form that came with a request. */
  formOf(request: RecordedRequest): Form | undefined
}): readonly Route[] => {
  const { catalogue, manager, writes, clock, linkBase, formOf } = parts

  const familyOf = (code: string): AssetFamily => {
    const family = manager.families.get(code)
    if (family === undefined) throw new Refused(404, `Asset family "${code}" does not exist.`)
    return family
  }
  const assetOf = (family: AssetFamily, code: string): Asset => {
    const asset = family.assets.get(code)
    if (asset === undefined) {
      throw new Refused(404, `Asset "${code}" does not exist for the asset family "${family.code}".`)
    }
    return asset
  }
  const bodyOf = (request: RecordedRequest): JsonValue => {
    const body = parseJson(request.body)
    if (body === undefined) throw new Refused(400, 'Invalid json message received')
    return body
  }
  const route = (
    path: string,
    method: Route['method'],
    permission: string,
    answer: Route['answer'],
  ): Route => ({
    pattern: new RegExp(`^${rest}/${path.replaceAll('*', '([^/]+)')}$`),
    method,
    permission,
    answer,
  })
  const upload = (request: RecordedRequest): { fields: Record<string, string>; file: UploadedFile } => {
    const form = formOf(request)
    if (form === undefined)
      throw new Refused(415, 'The “Content-Type” header has to be “multipart/form-data”.')
    if ('problem' in form) throw new Refused(form.status, form.problem)
    return form
  }
  const store = (file: UploadedFile): string => {
    const hash = randomBytes(20).toString('hex')
    const name = file.name.replace(/[^\w.-]+/g, '_')
    const code = `${[...hash.slice(0, 4)].join('/')}/${hash}_${name}`
    manager.media.set(code, file)
    return code
  }
  const upserted = (family: AssetFamily, item: JsonValue): JsonObject => {
    const code = isJsonObject(item) && typeof item.code === 'string' ? item.code : null
    try {
      return { code, status_code: manager.upsert(family, item, clock.now()) === 'created' ? 201 : 204 }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return { code, status_code: error.status, message: error.message }
    }
  }

  return [
    route('asset-families/*/attributes', 'GET', 'List asset families', (_, [code = '']) =>
      json(200, [...familyOf(code).attributes.values()]),
    ),
    route('asset-families/*/assets/*', 'GET', 'List assets', (_, [family = '', code = '']) => {
      const { values } = assetOf(familyOf(family), code)
      return json(200, {
        code,
        values: phpMap(values),
        _links: { self: { href: `${linkBase()}${rest}/asset-families/${family}/assets/${code}` } },
      })
    }),
    route('asset-families/*/assets/*', 'PATCH', writeAssets, (request, [family = '', code = '']) => {
      const body = bodyOf(request)
      if (!isJsonObject(body) || (body.code ?? code) !== code) {
        throw new Refused(422, 'The code in the body and the code in the URL are different.')
      }
      const outcome = manager.upsert(familyOf(family), { ...body, code }, clock.now())
      return { status: outcome === 'created' ? 201 : 204 }
    }),
    route('asset-families/*/assets', 'PATCH', writeAssets, (request, [family = '']) => {
      const found = familyOf(family)
      const body = bodyOf(request)
      if (!Array.isArray(body)) throw new Refused(400, 'The body has to be a list of assets.')
      if (body.length > 100)
        throw new Refused(413, 'Too many resources to process, 100 is the maximum allowed.')
      return json(
        200,
        body.map((item) => upserted(found, item)),
      )
    }),
    route('asset-families/*/assets/*', 'DELETE', 'Delete assets', (_, [family = '', code = '']) => {
      const found = familyOf(family)
      assetOf(found, code)
      found.assets.delete(code)
      return { status: 204 }
    }),
    route('asset-media-files', 'POST', writeAssets, (request) => {
      const { fields, file } = upload(request)
      const [stranger] = Object.keys(fields)
      if (stranger !== undefined) throw new Refused(422, `Property "${stranger}" is not expected.`)
      const code = store(file)
      return {
        status: 201,
        headers: {
          location: `${linkBase()}${rest}/asset-media-files/${code}`,
          'asset-media-file-code': code,
        },
      }
    }),
    {
      // The code has slashes in it.
      ...route('media-files', 'GET', 'Overall Web API access', (_, [code = '']) => {
        const file = manager.media.get(code)
        if (file === undefined) throw new Refused(404, `Media file "${code}" does not exist.`)
        const { name, mediaType, size } = file
        const self = `${linkBase()}${rest}/media-files/${code}`
        return json(200, {
          code,
          original_filename: name,
          mime_type: mediaType,
          size,
          extension: name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '',
          _links: { download: { href: `${self}/download` } },
        })
      }),
      pattern: new RegExp(`^${rest}/media-files/(.+)$`),
    },
    route('media-files', 'POST', writeProducts, (request) => {
      const { fields, file } = upload(request)
      const given = parseJson(fields.product ?? '')
      if (!isJsonObject(given) || Object.keys(fields).length !== 1) {
        throw new Refused(
          422,
          'You should at least define one of the following properties: "product", "product_model".',
        )
      }
      const { identifier, attribute = '', locale = null, scope = null } = given
      if (typeof identifier !== 'string' || catalogue.bySku(identifier) === undefined) {
        throw new Refused(422, `Product "${String(identifier)}" does not exist.`)
      }
      const rules = catalogue.attributes.get(String(attribute))
      if (!/_(image|file)$/.test(rules?.type ?? ''))
        throw new Refused(422, `The ${String(attribute)} attribute takes no media file.`)
      const { maxFileSize, allowedExtensions = [] } = rules ?? {}
      const extension = file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase()
      if (allowedExtensions.length > 0 && !allowedExtensions.includes(extension))
        throw new Refused(422, `The file extension ${extension} is not allowed.`)
      if (maxFileSize !== undefined && file.size > Number(maxFileSize) * 1_000_000)
        throw new Refused(422, 'The file is too large.')
      const code = store(file)
      const text = (value: JsonValue): string | null => (typeof value === 'string' ? value : null)
      writes.setBySku(identifier, {
        [String(attribute)]: [{ locale: text(locale), scope: text(scope), data: code }],
      })
      return { status: 201, headers: { location: `${linkBase()}${rest}/media-files/${code}` } }
    }),
    route('products/*', 'PATCH', writeProducts, (request, [sku = '']) => {
      const body = bodyOf(request)
      if (!isJsonObject(body)) throw new Refused(422, 'The product has an invalid format.')
      const isKnown = catalogue.bySku(sku) !== undefined
      writes.setBySku(sku, readValues(body.values ?? {}))
      return {
        status: isKnown ? 204 : 201,
        headers: { location: `${linkBase()}${rest}/products/${encodeURIComponent(sku)}` },
      }
    }),
  ]
}
