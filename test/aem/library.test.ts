import fc from 'fast-check'
import {
  createAssetLibrary,
  type LibraryEntry,
  type LibraryOptions,
  type LibraryPage,
} from '../../src/aem/library'
import { startAuthor, type TestAuthor } from '../support/author'
import { rejection, startCall } from '../support/call'

let author: TestAuthor
beforeEach(async () => {
  author = await startAuthor()
})
afterEach(() => author.close())

const day = 24 * 60 * 60_000
const start = Date.parse('2029-05-01T10:00:00.000Z')
const until = Date.parse('2030-01-01T00:00:00.000Z')
const iso = (ms: number): string => new Date(ms).toISOString()

/** Dates in milliseconds since the epoch. */
type Dates = { created?: number; modified?: number | null; published?: number }
const upload = (path: string, { created = start, modified = created, published }: Dates = {}) =>
  author.aem.addAsset({
    path: `/content/dam/${path}`,
    content: { size: 10 },
    repositoryMetadata: {
      'repo:createDate': iso(created),
      'repo:modifyDate': modified === null ? null : iso(modified),
      ...(published === undefined ? {} : { 'aem:published': iso(published) }),
    },
  })
const searches = () => author.aem.requests.filter(({ path }) => path === '/bin/querybuilder.json')

function open(options: Partial<LibraryOptions> = {}, call = startCall()): AsyncIterable<LibraryPage> {
  const library = createAssetLibrary(author.requests())
  return library.pages(author.aem.url, { folder: '/content/dam', by: 'modified', until, ...options }, call)
}

const read = async (options: Partial<LibraryOptions> = {}): Promise<readonly LibraryPage[]> => {
  const pages: LibraryPage[] = []
  for await (const page of open(options)) pages.push(page)
  return pages
}
const entriesOf = (pages: readonly LibraryPage[]): readonly LibraryEntry[] =>
  pages.flatMap(({ entries }) => entries)
const pathsOf = (pages: readonly LibraryPage[]): readonly string[] =>
  entriesOf(pages).map(({ ref }) => ref.path.slice('/content/dam/'.length))
const paths = async (options: Partial<LibraryOptions> = {}) => pathsOf(await read(options))

test('a library comes in the order of its creation, with what AEM tells of each asset', async () => {
  const last = upload('shop/a.jpg', {
    created: start + day,
    modified: start + 3 * day,
    published: start + 2 * day,
  })
  upload('shop/b.jpg')
  upload('other/c.jpg', { created: start + 500 })

  expect(await paths()).toEqual(['other/c.jpg', 'shop/b.jpg', 'shop/a.jpg'])
  const [entry] = entriesOf(await read({ folder: '/content/dam/shop/' })).slice(-1)
  expect(entry).toEqual({
    ref: { origin: author.aem.url, path: last.path, id: last.id },
    modified: start + 3 * day,
    published: start + 2 * day,
  })
})

test('an empty library has no page', async () => {
  expect(await read()).toEqual([])
})

test('what was created after the end is left out, and what was created at the end is not', async () => {
  upload('a.jpg', { created: until })
  upload('b.jpg', { created: until + 1 })
  expect(await paths()).toEqual(['a.jpg'])
})

test('since is about the date that is asked for, and its moment is part of it', async () => {
  upload('a.jpg', { modified: start + 10, published: start + day })
  upload('b.jpg', { modified: start + 9, published: start + day - 1 })
  upload('c.jpg', { modified: null })

  expect(await paths({ since: start + 10 })).toEqual(['a.jpg'])
  expect(await paths({ since: start + day, by: 'published' })).toEqual(['a.jpg'])
  expect(await paths()).toEqual(['a.jpg', 'b.jpg', 'c.jpg'])
})

test('types are media types or patterns, not those of AEM', async () => {
  for (const name of ['a.jpg', 'b.png', 'c.pdf', 'd.mp4']) upload(name)
  upload('e.jpg')
  author.aem.addAsset({
    path: '/content/dam/f.jpg',
    repositoryMetadata: { 'dc:format': 'imageXjpeg', 'repo:createDate': iso(start) },
  })

  expect(await paths({ types: ['image/*', 'application/pdf'] })).toEqual(['a.jpg', 'b.png', 'c.pdf', 'e.jpg'])
  expect(await paths({ types: ['image_jpeg'] })).toEqual([])
})

test('thousands of assets of one moment come in small pages, and no search skips results', async () => {
  for (let n = 0; n < 3000; n++) upload(`bulk/${n % 7}/original-${n}.jpg`)

  const pages = await read({ pageSize: 300 })

  expect(new Set(pathsOf(pages)).size).toBe(3000)
  expect(entriesOf(pages)).toHaveLength(3000)
  for (const { entries } of pages) expect(entries.length).toBeLessThan(600)
  expect(searches().length).toBeLessThan(60)
  expect(searches().every(({ query }) => query['p.offset'] === '0')).toBe(true)
  expect(Math.max(...pages.map(({ position }) => position.length))).toBeLessThan(80)
})

test('assets of many moments take about one search a page', async () => {
  for (let n = 0; n < 2000; n++) upload(`${n}.jpg`, { created: start + n * 777 })
  const pages = await read({ pageSize: 100 })
  expect(new Set(pathsOf(pages)).size).toBe(2000)
  expect(searches().length).toBeLessThan(30)
  const progress = pages.map((page) => page.progress)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect(progress.at(-1)).toBe(1)
})

test('assets that change while they are paged through are told, each once', async () => {
  const ids: string[] = []
  for (let n = 0; n < 300; n++) ids.push(upload(`${n}.jpg`, { created: start + n * 500 }).id)
  const pages: LibraryPage[] = []
  for await (const page of open({ pageSize: 20, since: start })) {
    pages.push(page)
    for (const id of ids)
      if (Math.abs(ids.indexOf(id) - pages.length * 20) < 30) author.aem.edit(id, () => {})
  }
  expect(pathsOf(pages).toSorted()).toEqual(ids.map((_, n) => `${n}.jpg`).toSorted())
})

test('where AEM gives up on a search, its span is made smaller', async () => {
  author.aem.search.readLimit = 100
  for (let n = 0; n < 1000; n++)
    upload(`${n}.jpg`, {
      created: start + n * 60_000,
      ...(n % 100 === 0 ? { published: start + 5 * day } : {}),
    })

  expect(await paths({ by: 'published', since: start + 5 * day, pageSize: 20 })).toHaveLength(10)
  expect(author.clock.sleeps).toEqual([])
})

test('a single moment that AEM gives up on is a failure that says so', async () => {
  author.aem.search.readLimit = 10
  for (let n = 0; n < 30; n++) upload(`${n}.jpg`)
  const failed = await rejection(read({ by: 'published', since: start, pageSize: 20 }))
  expect(failed).toMatchObject({ code: 'AEM_SEARCH_TOO_LARGE', failureClass: 'transient' })
})

test('what may pass is tried again, and nothing is lost', async () => {
  for (let n = 0; n < 60; n++) upload(`${n}.jpg`, { created: start + n * 1000 })
  author.aem.faults.add({ times: 1, fault: { kind: 'status', status: 429 } })
  author.aem.faults.add({ times: 1, fault: { kind: 'cut' } })
  author.aem.faults.add({ times: 1, fault: { kind: 'status', status: 503 } })
  expect(await paths({ pageSize: 10 })).toHaveLength(60)
})

test.each(['', '1', '2..a.', '1..a.z', `1..${'a'.repeat(40)}.`])('%j is no position', async (after) => {
  expect(await rejection(read({ after }))).toMatchObject({ code: 'LIBRARY_POSITION_INVALID' })
})

test('a position at the end has nothing after it, and asks for nothing', async () => {
  upload('a.jpg')
  const after = (await read()).at(-1)?.position ?? ''
  const asked = searches().length
  expect(await read({ after })).toEqual([])
  expect(searches()).toHaveLength(asked)
})

test('whatever the dates and wherever it is killed, a library is told whole, and at most a page twice', async () => {
  const moment = fc.oneof(
    fc.constantFrom(0, 1, 999, 1000, 5000),
    fc.integer({ min: 0, max: 3000 }),
    fc.integer({ min: 0, max: 100 * day }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(moment, { maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      async (moments, pageSize) => {
        await author.close()
        author = await startAuthor()
        const all = moments.map((ms, n) => upload(`${n % 3}/${n}.jpg`, { created: start + ms }).path)
        const whole = await read({ pageSize })
        expect(
          entriesOf(whole)
            .map(({ ref }) => ref.path)
            .toSorted(),
        ).toEqual(all.toSorted())
        for (const [index, { position }] of whole.entries()) {
          const after = pathsOf(await read({ pageSize, after: position }))
          expect(after.toSorted()).toEqual(pathsOf(whole.slice(index + 1)).toSorted())
        }
      },
    ),
    { numRuns: 25 },
  )
})
