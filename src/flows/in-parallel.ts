/**
 * Does work on each item in order, with limited concurrency. After a failure it starts nothing new, and throws once
 * all running work has ended.
 */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  let failure: { thrown: unknown } | undefined
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failure !== undefined) return
      try {
        await work(item)
      } catch (thrown) {
        failure ??= { thrown }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  if (failure !== undefined) throw failure.thrown
}
