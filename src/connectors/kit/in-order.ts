/**
 * Does work on what arrives, several at once, and gives the results in the order of the items. It reads no further
 * ahead than that many items. The first failure in that order ends it.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  for await (const item of items) {
    const result = work(item)
    // It is awaited in its turn; until then a failure is not unhandled.
    result.catch(() => undefined)
    running.push(result)
    if (running.length < atOnce) continue
    const [first] = running.splice(0, 1)
    if (first !== undefined) yield await first
  }
  for (const result of running) yield await result
}
