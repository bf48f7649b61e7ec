import type { Shape } from '../../inputs/declaration'
import { startingPoint } from '../../inputs/shapes'

/** Where a poll begins that has no cursor yet: at all products, or so long ago in milliseconds. */
export type PollStart = { from: 'oldest' } | { from: 'back'; ms: number }

/** Reads `PIM_SYNC_START`: `latest`, `oldest`, or a duration back, such as `PT2H` or `P7D`. */
export const pollStart: Shape<PollStart> = (text) => {
  const point = startingPoint('latest, oldest (all products)')(text)
  if ('problem' in point) return point
  if (point.value === 'oldest') return { value: { from: 'oldest' } }
  return { value: { from: 'back', ms: point.value === 'latest' ? 0 : point.value.ms } }
}
