import type { RowContext } from './row'

/** Samples of both sides, round by round. */
export type Sides<T> = { ours: T[]; rival: T[] }

/**
 * Runs two sides in turn, so that what else the machine does hits both alike. Who begins changes each round.
 * @param options.warmUp rounds that go first and are not counted @default 1
 */
export async function inTurn<T>(
  { ours, rival }: { ours: () => Promise<T>; rival?: () => Promise<T> },
  { rounds, oursOnly, warmUp = 1 }: { rounds: number; oursOnly: RowContext['oursOnly']; warmUp?: number },
): Promise<Sides<T>> {
  const samples: Sides<T> = { ours: [], rival: [] }
  for (let round = -warmUp; round < rounds; round++) {
    const run = { ours: async () => samples.ours.push(await ours()), rival: async () => 0 }
    if (rival !== undefined && !oursOnly) run.rival = async () => samples.rival.push(await rival())
    for (const side of round % 2 === 0 ? [run.ours, run.rival] : [run.rival, run.ours]) await side()
    if (round < 0) samples.ours.length = samples.rival.length = 0
  }
  return samples
}
