import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCommandLine } from '../../bench/harness/command-line'
import { inTurn } from '../../bench/harness/in-turn'
import { plotSvg } from '../../bench/harness/plot'
import type { Result } from '../../bench/harness/result-file'
import type { Figure, Row } from '../../bench/harness/row'
import { summaryOf } from '../../bench/harness/summary'
import { performancePage } from '../../bench/page/performance-page'
import { publishedFolder, resultsIn } from '../../bench/page/published'
import { profiledOf } from '../../bench/profile'
import { root } from '../../scripts/command'

const figure: Figure = { name: 'load', unit: 'ms', better: 'less', ours: [10, 30, 20], rival: [100, 150, 40] }

describe('a figure', () => {
  test('is the median of its rounds, and the ratio that of the pairs', () => {
    expect(summaryOf(figure)).toEqual({
      name: 'load',
      unit: 'ms',
      ours: { median: 20, min: 10, max: 30 },
      rival: { median: 100, min: 40, max: 150 },
      ratio: { median: 5, min: 2, max: 10 },
    })
  })

  test('of which more is better has a ratio above 1 where ours is more', () => {
    expect(summaryOf({ ...figure, better: 'more', ours: [30], rival: [10] }).ratio?.median).toBe(3)
  })

  test.each([
    [{ times: 5 }, '5 times', true],
    [{ times: 5.1 }, '5.1 times', false],
    [{ atMost: 20 }, 'at most 20', true],
    [{ atMost: 19 }, 'at most 19', false],
    [{ atLeast: 20 }, 'at least 20', true],
    [{ atLeast: 21 }, 'at least 21', false],
  ])('with the aim %j says whether it is met', (aim, text, met) => {
    expect(summaryOf({ ...figure, aim }).aim).toEqual({ text, met })
  })

  test('without a sample, or with one that is no number, is none', () => {
    expect(() => summaryOf({ ...figure, ours: [] })).toThrow('"load"')
    expect(() => summaryOf({ ...figure, ours: [Number.NaN] })).toThrow('"load"')
  })
})

test('a profile names the dearest functions, and leaves out the time in which nothing is done', () => {
  const frame = (id: number, functionName: string, url: string, lineNumber: number) => ({
    id,
    callFrame: { functionName, url, lineNumber },
  })
  const nodes = [
    frame(1, '(idle)', '', -1),
    frame(2, 'hash', `file://${join(root, 'src/a.ts')}`, 9),
    frame(3, '', 'node:net', 4),
    // The same function, called from elsewhere.
    frame(4, 'hash', `file://${join(root, 'src/a.ts')}`, 9),
  ]
  expect(profiledOf({ nodes, samples: [1, 3, 2, 4], timeDeltas: [9_000, 2_000, 1_000, 4_000] })).toEqual({
    totalMs: 7,
    functions: [
      { name: 'hash', where: 'src/a.ts:10', ms: 5 },
      { name: '(anonymous)', where: 'node:net:5', ms: 2 },
    ],
  })
})

describe('two sides', () => {
  const order = async (oursOnly: boolean): Promise<string> => {
    let ran = ''
    const side = (name: string) => async () => {
      ran += name
      return ran.length
    }
    const { ours, rival } = await inTurn(
      { ours: side('o'), rival: side('r') },
      { rounds: 3, oursOnly, warmUp: 1 },
    )
    return `${ran} ${ours.length} ${rival.length}`
  }

  test('run in turn, who begins changes, and the first round is not counted', async () => {
    expect(await order(false)).toBe('roorroor 3 3')
  })

  test('without the rival leave ours', async () => {
    expect(await order(true)).toBe('oooo 3 0')
  })
})

describe('the command line', () => {
  const row: Row = {
    name: 'one',
    question: '',
    options: { sizes: { what: '' }, loud: { what: '', isSwitch: true } },
    run: () => Promise.reject(new Error('not run')),
  }

  test('gives rows their options, and how to repeat the run', () => {
    const { names, args, context, out } = readCommandLine(
      ['one', '--full', '--sizes', '5', '--loud', '--out=x'],
      [row],
    )
    expect([names, out]).toEqual([['one'], 'x'])
    expect([...args].sort()).toEqual(['--full', '--loud', '--sizes=5'])
    expect([context.number('sizes'), context.has('loud'), context.rounds(1, 7)]).toEqual([5, true, 7])
  })

  test.each([
    [['--size=1'], '--sizes'],
    [['--rounds=0'], '--rounds=0 is no whole number above 0'],
    [['--rounds=x'], '--rounds=x is no number of at least 0'],
    [['--full=yes'], '--full'],
  ])('%j is refused', (argv, message) => {
    expect(() => readCommandLine(argv, [row])).toThrow(message)
  })
})

describe('a plot', () => {
  test('is SVG with its lines and labels', () => {
    const svg = plotSvg({
      name: 'growth',
      title: 'Growth',
      x: { label: 'events', log: true },
      y: { label: 'seconds' },
      lines: [
        {
          name: 'ours',
          points: [
            [1, 2],
            [10, 20],
          ],
        },
      ],
    })
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
    for (const text of ['Growth', 'events', 'seconds', 'ours']) expect(svg).toContain(text)
  })
})

describe('the page', () => {
  const result: Result = {
    row: 'cold',
    question: 'How large?',
    rival: 'the other',
    command: 'npm run bench -- cold',
    at: '2026-01-02T03:04:05.000Z',
    commit: 'abc',
    machine: { cpu: 'a chip', cores: 2, memoryGb: 8, arch: 'x64', node: 'v24' },
    figures: [{ ...figure, ours: [10, 30, 20], rival: [100, 150, 40], aim: { times: 6 } }],
    plots: [],
    notes: ['Something to know.'],
  }

  test('tells the command, the rival, the figures, where they were taken, and an aim that was missed', () => {
    const page = performancePage([result, { ...result, row: 'compare-cold', figures: [] }])
    for (const text of [
      'npm run bench -- cold',
      '**Rival**: the other',
      '| load (ms) | 20 (10 to 30) | 100 (40 to 150) | 5 (2 to 10) | 6 times: NOT MET |',
      '- Something to know.',
      '2026-01-02, commit abc, a chip, 2 cores, 8 GB, x64, Node v24',
      '## Before and after',
    ])
      expect(page).toContain(text)
  })

  test('in docs/ is what the published results say', async () => {
    const page = await readFile(join(root, 'docs/performance.md'), 'utf8')
    expect(page).toBe(performancePage(await resultsIn(publishedFolder)))
  })
})
