import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { secondMechanisms } from '../../scripts/check/mechanisms'

let tree: string

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'mechanisms-'))
})

afterEach(() => rm(tree, { recursive: true, force: true }))

async function plant(file: string, code: string): Promise<string> {
  await mkdir(dirname(join(tree, file)), { recursive: true })
  await writeFile(join(tree, file), code)
  return secondMechanisms(tree)
}

describe('a mechanism that is written a second time', () => {
  test.each([
    [
      'a retry loop that counts attempts',
      `export async function send(work: () => Promise<void>) {
        for (let attempt = 1; attempt < 4; attempt++) await work().catch(() => undefined)
      }`,
      'a retry loop',
    ],
    [
      'a retry loop under another name',
      `export async function send(work: () => Promise<void>) {
        while (true) {
          try { return await work() } catch {}
        }
      }`,
      'a retry loop',
    ],
    ['a wait', 'export const later = (clock, signal) => clock.sleep(500, signal)', 'a wait'],
    ['a timer', 'export const later = (work: () => void) => setTimeout(work, 10)', 'a timer'],
    ['a promise of a timer', "import { setTimeout } from 'node:timers/promises'", 'a timer'],
    ["the machine's time", 'export const now = () => Date.now()', "the machine's own time"],
    ["the machine's date", 'export const now = () => new Date()', "the machine's own time"],
    ['chance', 'export const dice = () => Math.random()', "the machine's own time"],
    ['a list of statuses', 'export const passing = [408, 429, 503]', 'a list of the statuses'],
    ['a set of statuses', 'export const passing = new Set([429, 503])', 'a list of the statuses'],
    [
      'a predicate over statuses',
      'export const mayPass = (status: number) => status === 429 || status === 503',
      'a list of the statuses',
    ],
    ['all from 500 on', 'export const isDown = (status: number) => status >= 500', 'a list of the statuses'],
    [
      'a cache of tokens',
      'export const hold = (token: string, now: number) => ({ token, expires: now + 1000 })',
      'a cache of tokens',
    ],
  ])('%s fails the check, with the place and what to use', async (_name, code, what) => {
    const wrong = await plant('src/connectors/shop/client.ts', code)

    expect(wrong).toMatch(/^src\/connectors\/shop\/client\.ts:\d+ holds /)
    expect(wrong).toContain(what)
    expect(wrong).toContain('; use ')
  })

  test.each([
    ['a predicate over one status', 'export const isBusy = (status: number) => status === 429'],
    ['404, 409 and 412', 'export const isOther = (status: number) => [404, 409, 412].includes(status)'],
    ['a status that is answered', 'export const failure = { statusCode: 503 }'],
    ['a loop over items', 'for (const item of [1, 2]) { try { console.log(item) } catch {} }'],
    ['a loop that catches nothing', 'let next = 1\nwhile (next < 3) next += 1'],
    ['a date of a moment', 'export const at = (now: number) => new Date(now)'],
  ])('%s is none', async (_name, code) => {
    expect(await plant('src/connectors/shop/client.ts', code)).toBe('')
  })

  test('is found in its home, too, once the exception is gone', async () => {
    expect(await plant('src/http/retry.ts', 'for (let attempt = 1; ; attempt++) {}')).toBe('')
    expect(await plant('src/http/again.ts', 'for (let attempt = 1; ; attempt++) {}')).toContain(
      'src/http/again.ts:1',
    )
  })
})
