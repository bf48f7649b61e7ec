import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { declaredActions, filesOf } from '../../scripts/app-build'
import { loadFresh } from '../../scripts/load-time'

let folder: string
let bundle: string

beforeAll(async () => {
  const generic = (await declaredActions()).find(({ name }) => name === 'generic')
  if (generic === undefined) throw new Error('ext.config.yaml declares no action named generic')
  // Away from node_modules: what is not in the bundle must not be found.
  folder = await mkdtemp(join(tmpdir(), 'bundle-'))
  bundle = join(folder, 'index.js')
  await cp(dirname(generic.bundle), folder, { recursive: true })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the built bundle of generic', () => {
  test('answers the challenge probe from its own files, in a fresh process', async () => {
    const { exports, answer } = await loadFresh(bundle, 'f3a1')

    expect(exports).toEqual(['main'])
    expect(answer).toEqual({ statusCode: 200, body: { challenge: 'f3a1' } })
  })

  test('evaluates nothing of the State library until something must be remembered', async () => {
    const { stateLoaded } = await loadFresh(bundle, 'f3a1')

    expect(stateLoaded).toBe(false)
    // What tells that it was evaluated is its question for this variable, so it must be in there; and not in what is read
    // on every cold start.
    expect((await Promise.all((await filesOf({ bundle })).map(asksForState))).filter(Boolean)).toEqual([true])
    expect(await asksForState(bundle)).toBe(false)
  })

  test('has nothing in it that would make Node take it for an ES module', async () => {
    const codes = await Promise.all((await filesOf({ bundle })).map((file) => readFile(file, 'utf8')))
    expect(codes.filter((code) => code.includes('import.meta'))).toEqual([])
  })
})

const asksForState = async (file: string): Promise<boolean> =>
  (await readFile(file, 'utf8')).includes('AIO_STATE_ENDPOINT')
