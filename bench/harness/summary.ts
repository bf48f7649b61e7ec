import { median } from '../../scripts/load-time'
import type { Aim, Figure } from './row'

/** The middle of some samples, and how far they lie apart. */
export type Spread = { median: number; min: number; max: number }

/** A figure as it is shown. */
export type FigureSummary = {
  name: string
  unit: string
  ours: Spread
  rival?: Spread
  /** How many times better ours is, of each round's pair. */
  ratio?: Spread
  aim?: { text: string; met: boolean }
}

/** @throws {Error} when a figure has no sample, or one that is no number */
export function summaryOf({ name, unit, better, ours, rival, aim }: Figure): FigureSummary {
  const own = spreadOf(name, ours)
  if (rival === undefined || rival.length === 0)
    return { name, unit, ours: own, ...aimOf(aim, own, undefined) }
  const other = spreadOf(name, rival)
  const pairs = rival.slice(0, ours.length).map((figure, index) => {
    const mine = ours[index] ?? Number.NaN
    return better === 'less' ? figure / mine : mine / figure
  })
  const ratio = pairs.every(Number.isFinite) ? spreadOf(name, pairs) : undefined
  return {
    name,
    unit,
    ours: own,
    rival: other,
    ...(ratio === undefined ? {} : { ratio }),
    ...aimOf(aim, own, ratio),
  }
}

function spreadOf(name: string, samples: readonly number[]): Spread {
  if (samples.length === 0 || !samples.every(Number.isFinite))
    throw new Error(`the figure "${name}" has samples that are no numbers: [${samples.join(', ')}]`)
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) }
}

function aimOf(
  aim: Aim | undefined,
  ours: Spread,
  ratio: Spread | undefined,
): { aim?: { text: string; met: boolean } } {
  if (aim === undefined) return {}
  if ('atMost' in aim)
    return { aim: { text: `at most ${shown(aim.atMost)}`, met: ours.median <= aim.atMost } }
  if ('atLeast' in aim)
    return { aim: { text: `at least ${shown(aim.atLeast)}`, met: ours.median >= aim.atLeast } }
  if (ratio === undefined) return {}
  return { aim: { text: `${shown(aim.times)} times`, met: ratio.median >= aim.times } }
}

/** A number for people: three digits, more only for what is larger. */
export function shown(figure: number): string {
  if (figure === 0 || Math.abs(figure) >= 100) return Math.round(figure).toLocaleString('en')
  return figure.toLocaleString('en', { maximumSignificantDigits: 3 })
}

/** The middle, with the range where there is one. */
export function shownSpread({ median: middle, min, max }: Spread): string {
  const [low, high] = [shown(min), shown(max)]
  return low === high ? shown(middle) : `${shown(middle)} (${low} to ${high})`
}
