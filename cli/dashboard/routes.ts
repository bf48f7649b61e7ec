import * as v from 'valibot'
import { pictureOf } from '../../src/app/picture'
import { parseJson } from '../../src/core/json'
import { showAsset } from '../asset'
import { dropLetters, replayLetters } from '../dead-letters'
import type { Environment } from '../environment'
import { namedAsset } from '../named-asset'
import { runPending } from '../pending'
import { shownRecord } from '../shown-record'
import { createData } from './data'
import type { PageFile } from './page-files'

/** What a request is answered with. */
export type Reply =
  | { status: 200; file: PageFile }
  | { status: 200; data: unknown }
  | { status: number; code: string; message: string }

/** Answers requests that were let in. */
export type Routes = {
  read(route: string): Promise<Reply>
  /** @param body as it was sent */
  change(route: string, body: string): Promise<Reply>
}

const notFound: Reply = { status: 404, code: 'NOT_FOUND', message: 'there is nothing at this address' }

const Chosen = v.object({
  ids: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))), v.minLength(1), v.maxLength(100)),
})

const noProgress = { progress: () => undefined }

/** Puts together what the page may ask for. All of it is masked as the command line masks it. */
export function createRoutes(environment: Environment, page: ReadonlyMap<string, PageFile>): Routes {
  const data = createData(environment)
  const looks: Readonly<Record<string, () => Promise<unknown>>> = {
    'data/overview': data.overview,
    'data/health': data.health,
    'data/surroundings': data.surroundings,
  }
  const works = {
    'do/dead-letters/replay': replayLetters,
    'do/dead-letters/drop': dropLetters,
    'do/pending/run': runPending,
  }

  return { read, change }

  async function read(route: string): Promise<Reply> {
    const [path = '', query = ''] = route.split('?', 2)
    const file = page.get(path)
    if (file !== undefined) return { status: 200, file }
    const look = Object.hasOwn(looks, path) ? looks[path] : undefined
    if (look !== undefined) return said(await look())
    if (path === 'data/asset' || path === 'picture') return ofAsset(path, new URLSearchParams(query))
    return notFound
  }

  async function ofAsset(path: 'data/asset' | 'picture', query: URLSearchParams): Promise<Reply> {
    const name = query.get('name') ?? ''
    const named = attempt(() => namedAsset(name))
    if (named === undefined) return wrong('name is a path below /content/dam/, or urn:aaid:aem:...')
    if (path === 'data/asset') return said((await showAsset(environment, named)).data)
    const context = { ...environment, call: environment.call(), action: 'dashboard' }
    const file = await pictureOf({ ...named, host: query.get('host') ?? undefined }, context)
    const message = 'AEM has no picture of this asset that can be shown here'
    return file === undefined ? { status: 404, code: 'NO_PICTURE', message } : { status: 200, file }
  }

  async function change(route: string, body: string): Promise<Reply> {
    const work = Object.entries(works).find(([name]) => name === route)?.[1]
    if (work === undefined) return notFound
    const chosen = v.safeParse(Chosen, parseJson(body))
    if (!chosen.success) return wrong('send { "ids": [...] }, with 1 to 100 ids as the lists show them')
    return said({ items: (await work(environment, chosen.output.ids, noProgress)).data })
  }

  function said(data: unknown): Reply {
    return { status: 200, data: shownRecord(data, environment) }
  }
}

const wrong = (message: string): Reply => ({ status: 400, code: 'WRONG_QUESTION', message })

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
