import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WRITE_BACK } from '../../sandbox/build'
import { runDemo } from '../../sandbox/demo'
import { enrichment } from '../../sandbox/demo/enrichment'
import { exportingOf } from '../../sandbox/demo/export'
import { productChange } from '../../sandbox/demo/product-change'
import type { Scene } from '../../sandbox/demo/stage'
import { writeBack } from '../../sandbox/demo/write-back'
import type { JsonObject } from '../../sandbox/json'
import { createPaint } from '../../sandbox/print'
import { type Screen, watched } from '../../sandbox/progress'
import type { ActionSpec } from '../../sandbox/runtime/runtime'

const bundle = join(__dirname, 'fixtures', 'enricher.cjs')
const exporter = join(__dirname, 'fixtures', 'exporter.cjs')

const play = async (scenes: readonly Scene[], actions: Record<string, ActionSpec>) => {
  const lines: string[] = []
  const screen: Screen = { write: (line) => lines.push(line) }
  const good = await runDemo({ actions, scenes, screen, paint: createPaint(false) })
  return { good, text: lines.join('\n') }
}

describe('the demonstration of enrichment', () => {
  const enrich = (file: string) => play([enrichment], { generic: { bundle: file } })

  it('tells what happened, step by step', async () => {
    const { good, text } = await enrich(bundle)
    expect(good).toBe(true)
    for (let step = 1; step <= 6; step += 1) expect(text).toContain(`${step}. `)
    expect(text).toMatch(/dc:title +\| Garden chair +\| Garden chair/)
    expect(text).toMatch(/wknd-skuid +\| \(none\) +\| MockSKU 123/)
    expect(text).toMatch(/requests to AEM +3 \(reads 2, writes 1\)/)
    expect(text).toContain('All as expected.')
    expect(text).not.toContain('\u001b')
  })

  it('says what was expected when a step fails', async () => {
    const { good, text } = await enrich(join(__dirname, 'fixtures', 'endings.cjs'))
    expect(good).toBe(false)
    expect(text).toContain('expected: the challenge comes back with status 200')
    expect(text).toContain('The log of generic:')
    expect(text).not.toContain('WHISK_ACTIVATION')
  })

  it('notices when something else is written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-'))
    try {
      const wrong = readFileSync(bundle, 'utf8').replace('mock-supplier', 'someone else')
      writeFileSync(join(folder, 'index.js'), wrong)
      const { good, text } = await enrich(folder)
      expect(good).toBe(false)
      expect(text).toMatch(/expected: wknd-suppliername is "mock-supplier"\n +found: +someone else/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the demonstration of a changed product', () => {
  const endings = join(__dirname, 'fixtures', 'endings.cjs')

  it.each([
    ['the event is refused', 'reject', /expected: the event is answered 200/],
    ['nothing is started', 'ok', /expected: pim-sync runs once\n +found: +0 times/],
  ])('notices when %s', async (_, how, said) => {
    const { good, text } = await play([productChange], {
      'pim-events': { bundle: endings, inputs: { how }, rawWeb: true },
      'pim-sync': { bundle: endings },
    })
    expect(good).toBe(false)
    expect(text).toMatch(said)
  })
})

describe('the demonstration of what a PIM is told', () => {
  const teller = join(__dirname, 'fixtures', 'teller.cjs')
  const tell = (inputs: JsonObject = {}) => play([writeBack], { [WRITE_BACK]: { bundle: teller, inputs } })

  it('tells what the PIM holds before and after, step by step', async () => {
    const { good, text } = await tell()
    expect(text).toMatch(/Photographer \| \(none\) +\| A\. Adams +\| D\. Arbus/)
    expect(good).toBe(true)
  })

  it.each([
    ['the PIM is told nothing', { SILENT: 1 }, /expected: the PIM is told Photographer of MockSKU 123/],
    [
      'the PIM does not keep it',
      { FORGETS: 1 },
      /expected: the PIM holds "A. Adams" until then\n +found: +\(none\)/,
    ],
    ['the PIM is told again', { AGAIN: 1 }, /expected: the PIM is told nothing the second time/],
  ])('notices when %s', async (_, inputs, said) => {
    const { good, text } = await tell(inputs)
    expect(text).toMatch(said)
    expect(good).toBe(false)
  })
})

describe('the demonstration of export', () => {
  const MEBIBYTE = 1024 * 1024
  const scene = exportingOf({ image: 4 * MEBIBYTE, film: 9 * MEBIBYTE })
  const exported = (inputs: JsonObject = {}) =>
    play([scene], {
      'export-asset': {
        bundle: exporter,
        inputs: { LARGE: 8 * MEBIBYTE, ...inputs },
        provideApiKey: true,
        memoryMb: 1024,
      },
      'export-worker': { bundle: exporter, memoryMb: 1024 },
    })

  it('tells what happened, step by step', async () => {
    const { good, text } = await exported()
    expect(text).toMatch(/shop\/garden \(panorama\)\.tif +\| 4194304 +\| [0-9a-f]{12}… as in AEM/)
    expect(text).toMatch(/shop\/garden film\.mp4 +\| 9437184 +\| [0-9a-f]{12}… as in AEM/)
    expect(text).toContain('4 MiB of 4 MiB')
    expect(text).toContain('All as expected.')
    expect(good).toBe(true)
  })

  it.each([
    [
      'nothing arrives, whatever the action says',
      { LIE: 1 },
      /expected: the folder holds .*\n +found: +an empty folder/,
    ],
    ['one bit of the file is wrong', { GARBLE: 1 }, /expected: .*panorama.* has the SHA-1/],
    ['the file is copied again', { AGAIN: 1 }, /expected: nothing is to be done/],
    ['a large file is not handed over', { KEEP: 1 }, /expected: it is handed over to export-worker/],
  ])('notices when %s', async (_, inputs, said) => {
    const { good, text } = await exported(inputs)
    expect(text).toMatch(said)
    expect(good).toBe(false)
  })
})

describe('how far a transfer is', () => {
  const watch = async (draw: boolean, failing = false) => {
    const lines: string[] = []
    const drawn: string[] = []
    let bytes = 0
    const work = (async () => {
      while (bytes < 100) {
        await new Promise((resolve) => setTimeout(resolve, 15))
        bytes += 5
        if (failing && bytes > 50) throw new Error('cut')
      }
      return 'whole'
    })()
    const screen = {
      write: (line: string) => void lines.push(line),
      ...(draw ? { draw: (text: string) => void drawn.push(text) } : {}),
    }
    const total = 100 * 1024 * 1024
    const result = watched(work, { screen, total, done: () => bytes * 1024 * 1024 })
    return { result: await result.catch((error: Error) => error.message), lines, drawn }
  }

  it('is a bar on a terminal, which ends with all of it on a line of its own', async () => {
    const { result, lines, drawn } = await watch(true)
    expect(result).toBe('whole')
    expect(drawn.length).toBeGreaterThan(1)
    expect(drawn[0]).toMatch(/█+░+ \d+ MiB of 100 MiB/)
    expect(drawn.at(-1)).toMatch(/^ +█+ 100 MiB of 100 MiB, \d+ MiB\/s$/)
    expect(lines).toEqual([''])
  })

  it('is at most a line for each quarter elsewhere', async () => {
    const { lines } = await watch(false)
    expect(lines.length).toBeLessThanOrEqual(4)
    expect(lines.at(-1)).toContain('100 MiB of 100 MiB')
  })

  it('stays where a transfer broke off', async () => {
    const { result, drawn } = await watch(true, true)
    expect(result).toBe('cut')
    expect(drawn.at(-1)).toContain('55 MiB of 100 MiB')
  })
})
