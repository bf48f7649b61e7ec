import { appendFile, readFile, truncate } from 'node:fs/promises'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../sandbox/json'
import { reportOf } from '../../../src/flows/plan/report-file'
import { type PlanLibrary, startLibrary } from './library'

let library: PlanLibrary

beforeAll(async () => {
  library = await startLibrary()
})
afterAll(() => library.close())

/** Values as metadata hold them: the type, the order and the form have to come back. */
const values: readonly JsonValue[] = [
  'text',
  '',
  ' ',
  '5',
  5,
  0,
  1.5,
  true,
  false,
  ['a'],
  ['a', 'b'],
  ['b', 'a'],
  [1, 2],
  [''],
  [],
  '2030-01-02T03:04:05.000Z',
  'é\u2028"\\/\n',
  { a: 1, b: ['x'] },
]
const properties = ['p', 'q', '__proto', 'a/b~c']

test.each(values.map((value) => [value]))('%j comes back exactly, and so does nothing', async (value) => {
  const id = library.add({ held: value })
  const before = library.metadata(id)
  const plan = await library.plan(new Map([[id, { held: ['written', 'by a plan'], added: value }]]))
  await library.apply(plan)
  expect(library.metadata(id)).toMatchObject({ held: ['written', 'by a plan'] })
  expect(await library.undo(plan)).toMatchObject({ refused: 0, failed: 0 })
  expect(library.metadata(id)).toEqual(before)
})

test('the lost answer of a write is no refusal, and undo takes the write back', async () => {
  const { aem } = library.author
  const id = library.add({ p: 'before' })
  const plan = await library.plan(new Map([[id, { p: 'after' }]]))
  let cut = 0
  aem.faults.add({ method: 'PATCH', times: 1, fault: { kind: 'resetAfter' } })
  aem.onBeforePatch = () => {
    cut += 1
  }
  await library.apply(plan)
  expect(library.metadata(id)).toEqual({ p: 'after' })
  expect(cut).toBeGreaterThan(0)
  expect(await readFile(reportOf(plan), 'utf8')).toContain('"written"')
  await library.undo(plan)
  expect(library.metadata(id)).toEqual({ p: 'before' })
})

test('what others write between the reading and the writing stays', async () => {
  const { aem } = library.author
  const id = library.add({ p: 'before', q: 'before' })
  const plan = await library.plan(new Map([[id, { p: 'after', q: 'after' }]]))
  aem.onBeforePatch = () => {
    aem.onBeforePatch = undefined
    library.edit(id, { p: 'of an author' })
  }
  expect(await library.apply(plan)).toMatchObject({ written: 1, refused: 1 })
  expect(library.metadata(id)).toEqual({ p: 'of an author', q: 'after' })
  await library.undo(plan)
  expect(library.metadata(id)).toEqual({ p: 'of an author', q: 'before' })
})

test('an outage stops the run, and the same plan goes on', async () => {
  const { aem } = library.author
  const ids = Array.from({ length: 120 }, () => library.add({ p: 'before' }))
  const plan = await library.plan(new Map(ids.map((id) => [id, { p: 'after' }])))
  aem.faults.add({ path: '/adobe/', fault: { kind: 'status', status: 503 } })
  const stopped = await library.apply(plan)
  aem.faults.clear()
  expect(stopped).toMatchObject({ done: false, written: 0, stoppedBy: { code: 'AEM_UNAVAILABLE' } })
  expect(await library.apply(plan)).toMatchObject({ done: true, written: 120, failed: 0 })
})

test('300 changes, interrupted wherever it is and applied again, equal one apply; undone, all is as before', async () => {
  const ids = Array.from({ length: 300 }, (_, index) => library.add({ p: `before ${index}` }))
  const before = ids.map(library.metadata)
  const plan = await library.plan(new Map(ids.map((id, index) => [id, { p: index, q: ['new'] }])))
  for (const afterWrites of [1, 40, 100]) {
    expect(await library.apply(plan, { afterWrites })).toBe('stopped')
    // A kill may leave half a line.
    await appendFile(reportOf(plan), '{"asset":{"id":"urn:aaid:aem:half","path"')
  }
  expect(await library.apply(plan)).toMatchObject({ checked: 300, refused: 0, failed: 0, done: true })
  ids.forEach((id, index) => {
    expect(library.metadata(id)).toEqual({ p: index, q: ['new'] })
  })
  const { aem } = library.author
  const writes = aem.requests.filter(({ method }) => method === 'PATCH').length
  expect(await library.apply(plan)).toMatchObject({ checked: 300, written: 0, unchanged: 300 })
  expect(aem.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(writes)

  expect(await library.undo(plan)).toMatchObject({ refused: 0, failed: 0, done: true })
  expect(ids.map(library.metadata)).toEqual(before)
})

test('what an interrupted run wrote, and did not write down, is refused by undo once somebody has changed it', async () => {
  const id = library.add({ p: 'before' })
  const plan = await library.plan(new Map([[id, { p: 'after' }]]))
  expect(await library.apply(plan, { afterWrites: 1 })).toBe('stopped')
  expect(library.metadata(id)).toEqual({ p: 'after' })
  expect(await library.apply(plan)).toMatchObject({ written: 0, unchanged: 1 })
  library.edit(id, { p: 'of an author' })
  expect(await library.undo(plan)).toMatchObject({ written: 0, refused: 1 })
})

test('what another one wrote is not undone', async () => {
  const id = library.add({ p: 'before' })
  const plan = await library.plan(new Map([[id, { p: 'after' }]]))
  library.edit(id, { p: 'after' })
  expect(await library.apply(plan)).toMatchObject({ written: 0, unchanged: 1 })
  expect(await library.undo(plan)).toMatchObject({ written: 0, refused: 0 })
  expect(library.metadata(id)).toEqual({ p: 'after' })
})

test('whatever people change in between, undone the library is what it was but for that', async () => {
  const value = fc.constantFrom(...values)
  const assets = fc.array(
    fc.record({
      held: fc.dictionary(fc.constantFrom(...properties), value, { maxKeys: 3 }),
      wanted: fc.dictionary(fc.constantFrom(...properties), fc.constantFrom<JsonValue>(...values, null), {
        minKeys: 1,
        maxKeys: 3,
      }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...properties)), { maxLength: 3 })
  let edited = 0
  const edit = (ids: readonly string[], all: readonly (readonly [number, string])[]) =>
    all.map(([index, property]): [string, string, string] => {
      const id = ids[index % ids.length] ?? ''
      edited += 1
      const text = `of an author ${edited}`
      library.edit(id, { [property]: text })
      return [id, property, text]
    })

  await fc.assert(
    fc.asyncProperty(
      assets,
      fc.nat(8),
      fc.nat(200),
      edits,
      edits,
      edits,
      async (about, afterWrites, cut, first, second, third) => {
        const ids = about.map(({ held }) => library.add(held))
        const expected = new Map(ids.map((id): [string, JsonObject] => [id, library.metadata(id)]))
        const change = (all: readonly (readonly [number, string])[]): void => {
          for (const [id, property, text] of edit(ids, all)) {
            expected.set(id, { ...expected.get(id), [property]: text })
          }
        }
        const plan = await library.plan(new Map(ids.map((id, index) => [id, about[index]?.wanted ?? {}])))
        change(first)
        await library.apply(plan, { afterWrites })
        await cutLastLine(reportOf(plan), cut)
        change(second)
        await library.apply(plan)
        change(third)
        await library.undo(plan)
        for (const id of ids) expect(library.metadata(id)).toEqual(expected.get(id))
      },
    ),
    { numRuns: 60 },
  )
})

/** As a kill leaves it. A line that tells of the begin of a write is whole before the write is made. */
async function cutLastLine(path: string, by: number): Promise<void> {
  const text = await readFile(path, 'utf8')
  const start = text.lastIndexOf('\n', text.length - 2) + 1
  const last = text.slice(start)
  if (start === 0 || last.includes('"outcome":"started"')) return
  await truncate(path, Buffer.byteLength(text) - (by % Buffer.byteLength(last)))
}
