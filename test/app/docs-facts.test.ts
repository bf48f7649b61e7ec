import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { declaredInputs } from '../../scripts/app-build'
import { root } from '../../scripts/command'

const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8')

/** A page from a heading to the next one of the same rank. */
const section = (page: string, heading: string): string =>
  page.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`)) ?? ''

/** What stands in backticks in a column of the tables of a text, row by row. */
const column = (text: string, index: number): string[][] =>
  text
    .split('\n')
    .filter((line) => /^\| /.test(line))
    .map((row) => [...(row.split('|')[index]?.matchAll(/`([^`]+)`/g) ?? [])].map(([, code = '']) => code))

const upstreams = ['AEM', 'IMS', 'PIM', 'JOURNAL']

/** The codes of an error that is made in source code; a name that is filled in stands for each upstream. */
function codesOf(argument: string): string[] {
  const plain = /^'([A-Z_]+)'$/.exec(argument)?.[1]
  if (plain !== undefined) return [plain]
  const ending = /^`\$\{\w+\}(_[A-Z_]+)`$/.exec(argument)?.[1]
  if (ending === undefined) throw new Error(`${argument} is no error code that can be looked up`)
  return upstreams.map((name) => name + ending)
}

async function thrownCodes(): Promise<Set<string>> {
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'))
  const texts = await Promise.all(files.map((file) => read(join('src', file))))
  const calls = texts.flatMap((text) => [
    ...text.matchAll(/\b(?:transient|systemic|permanent)Error\(\s*([^\s,]+),/g),
  ])
  return new Set(calls.flatMap(([, argument = '']) => codesOf(argument)))
}

describe('the facts in the docs', () => {
  test('the floors of the architecture are those that the arrows are checked by', async () => {
    const [, list = ''] =
      /const floors = \[\n([\s\S]*?)\n\]/.exec(await read('.dependency-cruiser.cjs')) ?? []
    const floors = [...list.matchAll(/^ *\[(.*)\],$/gm)].map(([, floor = '']) =>
      [...floor.matchAll(/'([^']+)'/g)].map(([, room = '']) => `src/${room}`),
    )
    // Some rooms have a place before they are built.
    const expected = floors.flatMap((rooms, index) =>
      rooms.filter((room) => existsSync(join(root, room))).map((room) => `${floors.length - index} ${room}`),
    )

    const table = section(await read('docs/architecture.md'), 'Rooms')
    const rooms = [...table.matchAll(/^\| (\d+) \|(.*?)\|/gm)].flatMap(([, floor, cell = '']) =>
      [...cell.matchAll(/`(src\/[^`]*?)\/?`/g)].map(([, room]) => `${floor} ${room}`),
    )

    expect(expected).not.toEqual([])
    expect(rooms.sort()).toEqual(expected.sort())
  })

  test('the inputs are the same in ext.config.yaml, README.md and .env.example', async () => {
    const declared = [...(await declaredInputs())].sort()
    const inReadme = column(section(await read('README.md'), 'Inputs'), 1).flat()
    const inExample = [...(await read('.env.example')).matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)]

    expect(declared).not.toEqual([])
    expect(inReadme.sort()).toEqual(declared)
    expect(inExample.map(([, name]) => name).sort()).toEqual(declared)
  })

  test('the troubleshooting of README.md has every error code, and no other', async () => {
    const symptoms = column(section(await read('README.md'), 'Troubleshooting'), 1).flat()
    const explained = symptoms.filter((symptom) => /^[A-Z]+(_[A-Z]+)*$/.test(symptom))

    expect([...new Set(explained)].sort()).toEqual([...(await thrownCodes())].sort())
  })
})
