import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { declaredInputs, ownApp, sampleApp } from '../../scripts/app-build'
import { blocksOf } from '../../scripts/check/docs'
import { root } from '../../scripts/command'
import { sampleConfiguration } from '../../scripts/generate/configurations'
import { envExample } from '../../scripts/generate/env-example'
import { inputGroups } from '../../scripts/generate/groups'
import { codes as outcomeCodes } from '../../src/flows/outcome'

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

const upstreams = ['AEM', 'AKENEO', 'IMS', 'PIM', 'JOURNAL', 'AKENEO_EVENTS']
const code = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$|^UNEXPECTED$/

/** The codes of an error that is made in source code; a name that is filled in stands for each system that is spoken to. */
function codesOf(argument: string, systems: readonly string[]): string[] {
  const plain = /^'([A-Z0-9_]+)'$/.exec(argument)?.[1]
  if (plain !== undefined) return [plain]
  const named = Object.entries(outcomeCodes).find(([name]) => argument === `codes.${name}`)
  if (named !== undefined) return [named[1]]
  const ending = /^`\$\{\w+\}(_[A-Z_]+)`$/.exec(argument)?.[1]
  if (ending === undefined) throw new Error(`${argument} is no error code that can be looked up`)
  return systems.map((name) => name + ending)
}

type Source = { file: string; text: string }

async function sources(): Promise<Source[]> {
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'))
  return Promise.all(files.map(async (file) => ({ file, text: await read(join('src', file)) })))
}

function thrownCodes(texts: readonly Source[], services: readonly string[]): Set<string> {
  const codes = texts.flatMap(({ file, text }) => {
    const calls = text.matchAll(/\b(?:(?:transient|systemic|permanent)Error|refusedUpdate)\(\s*([^\s,]+),/g)
    const systems = /^http[/\\]retry\.ts$/.test(file) ? [...upstreams, ...services] : upstreams
    return [...calls].flatMap(([, argument = '']) => codesOf(argument, systems))
  })
  return new Set(codes)
}

const codesIn = (table: string): string[] =>
  column(table, 1)
    .flat()
    .filter((symptom) => code.test(symptom))

/** The command line reads some that are bound to no action. */
const ofCommandLine = ['AKENEO_EVENTS_URL', 'EVENTS_PROVIDER_ID']

const namesIn = (example: string): (string | undefined)[] =>
  [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name).sort()

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
      [...cell.matchAll(/`(src\/[^`]*?)(?:\/<vendor>)?\/?`/g)].map(([, room]) => `${floor} ${room}`),
    )

    expect(expected).not.toEqual([])
    expect(rooms.sort()).toEqual(expected.sort())
  })

  test('the inputs are the same in docs/configuration.md, ext.config.yaml and .env.example of the app as it comes', async () => {
    const declared = [...(await declaredInputs(sampleApp)), ...ofCommandLine].sort()
    const inPage = column(section(await read('docs/configuration.md'), 'Inputs'), 1).flat()
    const example = envExample(await inputGroups(sampleConfiguration))

    expect(declared).not.toEqual([])
    expect(inPage.sort()).toEqual(declared)
    expect(namesIn(example)).toEqual(declared)
  })

  test('the inputs of the user are the same in ext.config.yaml and .env.example', async () => {
    const declared = [...(await declaredInputs(ownApp)), ...ofCommandLine].sort()

    expect(declared).not.toEqual([])
    expect(namesIn(await read('.env.example'))).toEqual(declared)
  })

  test.each([
    ['docs/enrich.md', 'enrichment.ts'],
    ['docs/export.md', 'destinations.ts'],
  ])('the file in %s is %s as it comes', async (page, file) => {
    const comes = await read(join('sample-config', file))
    const [shown = ''] = blocksOf(page, await read(page))
      .map(({ code: text }) => text)
      .filter((text) => text.includes('export default'))

    expect(shown).toBe(comes)
  })

  test('every error code is explained in docs/troubleshooting.md or on the page of its connector, and no other', async () => {
    const texts = await sources()
    // Those that give an attempt a time of its own.
    const services = texts.flatMap(({ text }) =>
      [...text.matchAll(/\btimeLimit\('([A-Z0-9]+)'/g)].map(([, name = '']) => name),
    )
    const pages = await readdir(join(root, 'docs/connectors'))
    const tables = await Promise.all([
      read('docs/troubleshooting.md'),
      ...pages.map(async (page) => section(await read(join('docs/connectors', page)), 'When it fails')),
    ])
    const explained = new Set(tables.flatMap(codesIn))

    expect([...explained].sort()).toEqual([...thrownCodes(texts, services)].sort())
  })
})
