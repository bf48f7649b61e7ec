import { createAssetLibrary, type LibraryOptions } from '../../src/aem/library'
import { startAuthor, type TestAuthor } from '../support/author'
import { startCall } from '../support/call'

const assets = 100_000
let author: TestAuthor
beforeEach(async () => {
  author = await startAuthor({ assets })
})
afterEach(() => author.close())

async function* pages(options: Partial<LibraryOptions> = {}) {
  const library = createAssetLibrary(author.requests())
  const usual: LibraryOptions = { folder: '/content/dam', by: 'modified', until: author.clock.now() }
  yield* library.pages(author.aem.url, { ...usual, ...options }, startCall())
}
const searches = () => author.aem.requests.filter(({ path }) => path === '/bin/querybuilder.json')

test('a hundred thousand assets, a fifth of one moment, are told once each by searches that skip nothing', async () => {
  const ids = new Set<string>()
  let told = 0
  for await (const { entries } of pages()) {
    told += entries.length
    for (const { ref } of entries) ids.add(ref.id ?? '')
  }

  expect(told).toBe(assets)
  expect(ids.size).toBe(assets)
  expect(searches().every(({ query }) => query['p.offset'] === '0')).toBe(true)
  console.log(`${searches().length} searches`)
  // Two hundred would be the least.
  expect(searches().length).toBeLessThan(500)
}, 300_000)

test('killed after each twentieth page, it goes on where it was', async () => {
  const ids = new Set<string>()
  let told = 0
  let after: string | undefined
  for (let isDone = false; !isDone; ) {
    isDone = true
    let seen = 0
    for await (const { entries, position } of pages(after === undefined ? {} : { after })) {
      told += entries.length
      for (const { ref } of entries) ids.add(ref.id ?? '')
      // The last page of each life is worked on, and its position is lost.
      if (++seen === 20) {
        isDone = false
        break
      }
      after = position
    }
  }
  expect(ids.size).toBe(assets)
  expect(told).toBeLessThan(assets + 20 * 1000)
}, 300_000)

test('those that were published of late are found though no index holds that date', async () => {
  const since = author.clock.now() - 3 * 24 * 60 * 60_000
  const found: string[] = []
  for await (const { entries } of pages({ by: 'published', since }))
    found.push(...entries.map(({ ref }) => ref.path))
  expect(found.length).toBeGreaterThan(0)
  expect(author.clock.sleeps).toEqual([])
}, 300_000)
