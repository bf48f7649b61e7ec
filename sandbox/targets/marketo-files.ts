import { open, stat } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import type { MovableClock } from '../clock'
import { isJsonObject, parseJson } from '../json'
import { type FormFile, readForm } from './marketo-form'

/** A file of the instance's. */
export type MarketoFile = {
  id: number
  name: string
  folder: number
  size: number
  mimeType: string
  description: string
}

/** The answer of a call: a result, nothing, or an error that is answered with status 200. */
export type Outcome = { result?: readonly unknown[]; warning?: string } | { code: string; message: string }

/** A call, as far as the files are concerned. */
type FileRequest = {
  method: string
  path: string
  query: Readonly<Record<string, string>>
  headers: IncomingHttpHeaders
}

/** A form as it lies on the disk. */
type SentForm = { path: string; contentType: string }

/** The files of an instance, and the calls that read and write them. */
export type MarketoFiles = {
  /** Oldest first. */
  all(): readonly MarketoFile[]
  read(name: string): Promise<Buffer | undefined>
  /** Stores a file as another client would. */
  place(file: Pick<MarketoFile, 'name' | 'folder'> & Partial<MarketoFile>): void
  /** Gives a file another folder. */
  move(name: string, folder: number): void
  /** Stops keeping descriptions of files that are updated. */
  forgetDescriptions(): void
  /**
   * Answers a call below `/rest`.
   * @param form where its body lies on the disk
   */
  answer(request: FileRequest, form: string): Promise<Outcome>
}

type Stored = MarketoFile & { content: FormFile | undefined; createdAt: number; updatedAt: number }

const nothingFound = 'No assets found for the given search criteria.'
const plainName = /^[\w.-][\w .-]{0,254}$/

/** Creates them: none. */
export function createMarketoFiles(parts: {
  folders: readonly number[]
  programs: readonly number[]
  clock: MovableClock
  /** What addresses of files begin with. */
  url: string
}): MarketoFiles {
  const { folders, programs, clock, url } = parts
  const stored = new Map<number, Stored>()
  let ids = 100
  let keepsDescriptions = true

  return {
    all: () => [...stored.values()],
    read: async (name) => {
      const found = byName(name)
      if (found === undefined) return undefined
      return found.content === undefined ? Buffer.alloc(found.size) : contentOf(found.content)
    },
    place: (file) => {
      const id = ++ids
      const base = { size: 3, mimeType: 'image/png', description: '', content: undefined }
      stored.set(id, { ...base, ...file, id, createdAt: clock.now(), updatedAt: clock.now() })
    },
    move: (name, folder) => {
      const found = byName(name)
      if (found !== undefined) found.folder = folder
    },
    forgetDescriptions: () => {
      keepsDescriptions = false
    },
    answer,
  }

  async function answer({ method, path, query, headers }: FileRequest, form: string): Promise<Outcome> {
    const sent = { path: form, contentType: headers['content-type'] ?? '' }
    const [, id, call] = /^\/rest\/asset\/v1\/file\/(\d+)(\/content)?\.json$/.exec(path) ?? []
    switch (`${method} ${path}`) {
      case 'POST /rest/asset/v1/files.json':
        return upsert(sent)
      case 'GET /rest/asset/v1/files.json':
        return list(query)
      case 'GET /rest/asset/v1/file/byName.json':
        return query.name ? some([byName(query.name)]) : { code: '701', message: 'name cannot be blank' }
    }
    const [, folder] = /^\/rest\/asset\/v1\/folder\/(\d+)\.json$/.exec(path) ?? []
    if (folder !== undefined && method === 'GET') return folderOf(Number(folder), query.type)
    if (id !== undefined && call === undefined && method === 'GET') return some([stored.get(Number(id))])
    if (id !== undefined && call !== undefined && method === 'POST') return replace(Number(id), sent)
    return { code: '610', message: 'Requested resource not found' }
  }

  function folderOf(id: number, type: string | undefined): Outcome {
    if (type !== 'Folder' && type !== 'Program') return { code: '1001', message: 'Invalid value for type' }
    if (!(type === 'Folder' ? folders : programs).includes(id)) return { warning: nothingFound }
    const folder = { name: `folder ${id}`, folderId: { id, type }, folderType: 'File', id }
    return { result: [folder] }
  }

  async function upsert({ path, contentType }: SentForm): Promise<Outcome> {
    const form = await readForm(path, contentType)
    if ('code' in form) return form
    const { fields, file } = form
    const { name, insertOnly = 'false', description } = fields
    const allowed = new Set(['name', 'folder', 'description', 'insertOnly'])
    if (Object.keys(fields).some((field) => !allowed.has(field)))
      return { code: '1001', message: 'Unknown parameter' }
    if (name === undefined || !plainName.test(name)) return { code: '709', message: 'Invalid name' }
    if ((description ?? '').length > 2_000) return { code: '709', message: 'Description is too long' }
    if (!['true', 'false'].includes(insertOnly)) return { code: '1001', message: 'Invalid insertOnly' }
    const folder = parseJson(fields.folder ?? '')
    if (!isJsonObject(folder) || typeof folder.id !== 'number')
      return { code: '1001', message: 'Invalid value for folder' }
    if (folder.type !== 'Folder' || programs.includes(folder.id))
      return { code: '711', message: 'Incompatible folder type' }
    if (!folders.includes(folder.id)) return { code: '710', message: 'Parent folder not found' }
    const held = byName(name)
    if (held !== undefined && (insertOnly === 'true' || held.folder !== folder.id))
      return { code: '709', message: 'File with the same name already exists' }
    const id = held?.id ?? ++ids
    const kept = held !== undefined && !keepsDescriptions ? held.description : description
    stored.set(id, {
      id,
      name: held?.name ?? name,
      folder: folder.id,
      size: file.size,
      mimeType: file.mimeType,
      description: kept ?? held?.description ?? '',
      content: file,
      createdAt: held?.createdAt ?? clock.now(),
      updatedAt: clock.now(),
    })
    return some([stored.get(id)])
  }

  async function replace(id: number, { path, contentType }: SentForm): Promise<Outcome> {
    const held = stored.get(id)
    if (held === undefined) return { code: '702', message: 'File not found' }
    const form = await readForm(path, contentType)
    if ('code' in form) return form
    if (Object.keys(form.fields).length > 0) return { code: '1001', message: 'Unknown parameter' }
    const { size, mimeType } = form.file
    stored.set(id, { ...held, size, mimeType, content: form.file, updatedAt: clock.now() })
    return some([stored.get(id)])
  }

  function list({ folder, offset = '0', maxReturn = '20' }: Readonly<Record<string, string>>): Outcome {
    if (Number(maxReturn) > 200) return { code: '1001', message: 'maxReturn must be 200 at most' }
    const within = folder === undefined ? undefined : parseJson(folder)
    const wanted = isJsonObject(within) ? within.id : undefined
    const found = [...stored.values()].filter((file) => wanted === undefined || file.folder === wanted)
    return some(found.slice(Number(offset), Number(offset) + Number(maxReturn)))
  }

  function some(found: readonly (Stored | undefined)[]): Outcome {
    const result = found.filter((file) => file !== undefined).map(shown)
    return result.length > 0 ? { result } : { warning: nothingFound }
  }

  function shown({ id, name, folder, size, mimeType, description, createdAt, updatedAt }: Stored): unknown {
    const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z+0000`
    return {
      id,
      name,
      size,
      mimeType,
      url: `${url}/rs/${encodeURIComponent(name)}`,
      folder: { type: 'Folder', id: folder, name: `folder ${folder}` },
      description,
      createdAt: time(createdAt),
      updatedAt: time(updatedAt),
    }
  }

  /** Upper and lower case are the same to it. */
  function byName(name: string): Stored | undefined {
    return [...stored.values()].find((file) => file.name.toLowerCase() === name.toLowerCase())
  }
}

async function contentOf({ path, start, size }: FormFile): Promise<Buffer> {
  const file = await open(path)
  try {
    const bytes = Buffer.alloc(size)
    await file.read(bytes, 0, size, start)
    if ((await stat(path)).size < start + size) throw new Error('the stored file is too short')
    return bytes
  } finally {
    await file.close()
  }
}
