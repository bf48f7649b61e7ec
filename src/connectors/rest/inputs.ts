import {
  declareInputs,
  type InputValues,
  inputError,
  jsonPointer,
  oneOf,
  type Parsed,
  readServiceUrl,
  valuesOf,
  withOptions,
} from '../../plugin/inputs'
import type { PimContext } from '../../plugin/pim'
import { type BodyTemplate, bodyTemplate, valuesAlone } from './body-template'

/** The inputs of the `rest` communicator, behind their prefix. */
export const restInputs = declareInputs({
  URL: {
    meaning:
      'The URL of a product, with `{identifier}` in place of its identifier, or of several, with `{identifiers}`.',
    required: 'for the communicator, unless config/enrichment.ts gives it',
    example: 'https://pim.example.com/products/{identifier}',
    shape: template,
  },
  HEADERS: {
    meaning: 'Headers of each request as `Name: value`, several separated by semicolons or line breaks.',
    unset: 'none',
    shape: headers,
    secret: true,
  },
  PRODUCT: {
    meaning: 'The JSON Pointer of the product, or of the list of products, in the answer.',
    unset: 'the whole answer',
    shape: jsonPointer('/data/product'),
  },
  IDENTIFIER: {
    meaning: 'The JSON Pointer of the identifier within a product.',
    required: 'with `{identifiers}`',
    unset: 'what was asked for',
    shape: jsonPointer('/sku'),
  },
  UPDATE_URL: {
    meaning:
      'The URL that takes new values of a product, with `{identifier}` in place of its identifier, or, without that, of several products.',
    unset: 'nothing is written to the PIM',
    example: 'https://pim.example.com/products/{identifier}',
    shape: updateUrl,
  },
  UPDATE_METHOD: {
    meaning:
      'How it takes them: `PATCH`, `POST` or `PUT`. With `PUT` all values of a change are sent, else those that differ.',
    default: 'PATCH',
    shape: oneOf(['PATCH', 'POST', 'PUT']),
  },
  UPDATE_BODY: {
    meaning:
      'The JSON to send: `"{values}"` stands for the values by attribute, `{identifier}` for the identifier. For several products a list of one item is repeated for each.',
    unset: 'the values',
    required: 'with `UPDATE_URL` for several products',
    example: '{"sku":"{identifier}","attributes":"{values}"}',
    shape: bodyTemplate,
  },
})

const probe = 'x'

/** How the service is asked, checked. */
export type RestSettings = {
  origin: string
  headers: Readonly<Record<string, string>>
  many: boolean
  product: string
  identifier: string | undefined
  urlFor(identifiers: readonly string[]): string
  /** How values are written; undefined when they are not. */
  update: UpdateSettings | undefined
}

/** How the service takes new values of products. */
export type UpdateSettings = {
  origin: string
  method: 'PATCH' | 'POST' | 'PUT'
  /** Whether one request takes several products. */
  many: boolean
  urlFor(identifier: string): string
  body: BodyTemplate
}

/**
 * Reads the inputs; options win over them. What is secret is made known.
 * @param inputs their prefix
 * @throws {InputError} systemic, `INPUT_INVALID`, naming each input that is wrong and what to set
 */
export function readRestSettings(
  { url, product, identifier }: { url?: string; product?: string; identifier?: string },
  context: PimContext,
  inputs: string,
): RestSettings {
  const { redactor } = context
  const source = withOptions(context, inputs, { URL: url, PRODUCT: product, IDENTIFIER: identifier })
  const values = valuesOf(restInputs, source, { prefix: inputs, required: ['URL'] })
  const { URL: template, IDENTIFIER } = values
  const many = template.includes('{identifiers}')
  if (many && IDENTIFIER === undefined) {
    throw inputError(
      `${inputs}_IDENTIFIER must be set when ${inputs}_URL asks for several products: /sku, for example`,
    )
  }
  const headers = values.HEADERS ?? []
  for (const [name, value] of headers) {
    if (!isSecretHeader(name, value)) continue
    redactor.add(value)
    redactor.add(value.split(/\s+/)[1])
  }
  return {
    origin: new URL(fill(template, probe)).origin,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    many,
    product: values.PRODUCT ?? '',
    identifier: IDENTIFIER,
    urlFor: (identifiers) => fill(template, identifiers.map(encodeURIComponent).join(',')),
    update: updateSettings(values, inputs),
  }
}

function updateSettings(
  values: Pick<InputValues<typeof restInputs>, 'UPDATE_URL' | 'UPDATE_METHOD' | 'UPDATE_BODY'>,
  inputs: string,
): UpdateSettings | undefined {
  const { UPDATE_URL: url, UPDATE_METHOD: method, UPDATE_BODY: body = valuesAlone } = values
  if (url === undefined) return undefined
  const many = !url.includes('{identifier}')
  if (many && !body.isRepeated) {
    throw inputError(
      `${inputs}_UPDATE_BODY must have a list of one item with "{values}" and {identifier} in it, or ${inputs}_UPDATE_URL {identifier}: else nobody knows whose values they are`,
    )
  }
  return {
    origin: new URL(fill(url, probe)).origin,
    method,
    many,
    urlFor: (identifier) => fill(url, encodeURIComponent(identifier)),
    body,
  }
}

const fill = (template: string, text: string): string =>
  template.replaceAll('{identifiers}', text).replaceAll('{identifier}', text)

function template(text: string): Parsed<string> {
  if (!text.includes('{identifiers}') && !text.includes('{identifier}')) {
    return { problem: 'must contain {identifier} (one product) or {identifiers} (several, joined by commas)' }
  }
  const sample = readServiceUrl(fill(text, probe))
  if ('problem' in sample) return sample
  const { pathname, search } = sample.value
  return pathname.includes(probe) || search.includes(probe)
    ? { value: text }
    : { problem: 'must have its placeholder in the path or the query' }
}

function updateUrl(text: string): Parsed<string> {
  return text.includes('{identifier}') ? template(text) : readServiceUrlText(text)
}

const readServiceUrlText = (text: string): Parsed<string> => {
  const url = readServiceUrl(text)
  return 'problem' in url ? url : { value: text }
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

const secretHeader = /auth|key|token|secret|cookie|credential|password|signature/i
const plainHeader = /^(accept(-.*)?|content-type|user-agent|host|origin|referer)$/i

/** A short plain value, such as a tenant's name, may stand in any path: masked there, it would spoil what is stored. */
const isSecretHeader = (name: string, value: string): boolean =>
  secretHeader.test(name) || (value.length >= 16 && !plainHeader.test(name))

function headers(text: string): Parsed<readonly (readonly [string, string])[]> {
  const headers: [string, string][] = []
  // dotenv keeps `\n` of an unquoted value as two characters.
  for (const line of text.split(/\r?\n|\\n|;\s*(?=[\w-]+:)/)) {
    if (line.trim() === '') continue
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim()
    const value = line.slice(colon + 1).trim()
    if (!headerName.test(name) || !headerValue.test(value)) {
      return { problem: 'must be `Name: value`, several separated by semicolons or line breaks' }
    }
    headers.push([name, value])
  }
  return { value: headers }
}
