import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { namedInVain, securityPage } from '../../scripts/check/security-page'
import { root } from '../../scripts/command'

const page = (): Promise<string> => readFile(join(root, securityPage), 'utf8')

test('every file and every limit that the page names is in the code', async () => {
  expect(await namedInVain(await page())).toEqual([])
})

test('the page is about boundaries and limits, and is linked from where one looks for it', async () => {
  const text = await page()
  expect(text.match(/^\| .*`test\/.*\.test\.ts` \|$/gm)?.length).toBeGreaterThan(20)
  expect(text.match(/^\| .*` = |^\| .*`\w+ = .*` in `src\//gm)?.length).toBeGreaterThan(20)
  expect(text.split('\n').length).toBeLessThan(200)
  expect(await readFile(join(root, 'README.md'), 'utf8')).toContain('(docs/security.md)')
  expect(await readFile(join(root, 'docs/architecture.md'), 'utf8')).toContain('(security.md)')
})

test.each([
  ['a file', 'Read `src/core/nowhere.ts`.', 'there is no src/core/nowhere.ts'],
  ['a test', '| x | `test/core/nowhere.test.ts` |', 'there is no test/core/nowhere.test.ts'],
  [
    'a limit of another value',
    '| x | `maxDepth = 6` in `src/events/bounds.ts` |',
    'maxDepth = 6 is not in src/events/bounds.ts',
  ],
  [
    'a part of a product',
    '| x | `maxWeight = 20` in `src/flows/run/work-queue.ts` |',
    'maxWeight = 20 is not in src/flows/run/work-queue.ts',
  ],
  ['a limit of no file', '| x | `maxDepth = 64` |', 'maxDepth = 64 is not in any file that its cell names'],
  [
    'a defence without a test',
    '## Boundaries\n\n| x | `src/core/json.ts` | soon |',
    'a row names no test: | x | `src/core/json.ts` | soon |',
  ],
  [
    'a defence without code',
    '## Boundaries\n\n| x | `test/core/clock.test.ts` |',
    'a row names no code: | x | `test/core/clock.test.ts` |',
  ],
])('what is not there is told: %s', async (_what, text, problem) => {
  expect(await namedInVain(text)).toEqual([problem])
})
