import { randomUUID } from 'node:crypto'
import type { NewContent } from './content'
import { isJsonObject, type JsonObject, parseJson } from './json'

/** What the body of an upload says about the asset. */
export type UploadBody = {
  /** Metadata by property; null takes a property away. */
  metadata: JsonObject
  /** By name. */
  renditions: Record<string, NewContent>
}

const RENDITION_SIZE = 20_480

const HELP =
  'Send nothing, or JSON such as {"metadata":{"dc:title":"Lamp","exportDestination":"s3"},"renditions":["cq5dam.web.1280.1280.jpeg"]}.'

/** Reads the body of an upload; an empty one says nothing. A text is what is wrong, and what to send. */
export const readUpload = (body: string): UploadBody | string => {
  if (body.trim() === '') return { metadata: {}, renditions: {} }
  const given = parseJson(body)
  if (!isJsonObject(given)) return `The body is no JSON object. ${HELP}`
  const { metadata = {}, renditions = [], ...more } = given
  const [unknown] = Object.keys(more)
  if (unknown !== undefined) return `The body has ${unknown}, which is nothing here. ${HELP}`
  if (!isJsonObject(metadata)) return `metadata is no object. ${HELP}`
  if (!Array.isArray(renditions)) return `renditions is no list of names. ${HELP}`
  const names = renditions.filter((name) => typeof name === 'string' && /^[^/\s]+$/.test(name))
  if (names.length < renditions.length || names.includes('original')) {
    return `renditions has what is no name of a rendition. ${HELP}`
  }
  const made = names.map((name): [string, NewContent] => [
    String(name),
    { size: RENDITION_SIZE, seed: randomUUID() },
  ])
  return { metadata, renditions: Object.fromEntries(made) }
}
