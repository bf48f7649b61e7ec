import { chunksOf } from '../../../core/chunks'
import { BridgeError } from '../../../core/errors'
import type { AkeneoPage } from '../client'

/** Akeneo's limit of values in one search for identifiers. */
const valuesPerCall = 100

type Find = (values: readonly string[]) => Promise<readonly unknown[] | undefined>

/**
 * Searches for values, as many at once as Akeneo takes, and fewer where the answer would be too large.
 * @param find undefined when it cannot search for so many at once
 * @throws {BridgeError} permanent, `PIM_ANSWER_TOO_LARGE`, for one value; what `find` throws
 */
export async function inBatches(values: readonly string[], find: Find): Promise<readonly unknown[]> {
  const batches = chunksOf(values, valuesPerCall).map((some) => inHalves(some, find))
  return (await Promise.all(batches)).flat()
}

/** Searches for all at once; when that is not possible or the answer is too large, for each half separately. */
async function inHalves(values: readonly string[], find: Find): Promise<readonly unknown[]> {
  try {
    const found = await find(values)
    if (found !== undefined) return found
  } catch (thrown) {
    if (!isTooLarge(thrown) || values.length === 1) throw thrown
  }
  const middle = Math.ceil(values.length / 2)
  const halves = [values.slice(0, middle), values.slice(middle)]
  return (await Promise.all(halves.map((half) => inHalves(half, find)))).flat()
}

/**
 * The pages of a list. After a page that is too large it continues with smaller pages: a poll must not fail at the
 * same page in each run.
 * @param after where the list continues, as the `next` of a page gave it in `search_after`
 * @param limit items on the first page
 * @param pages by their query
 * @throws {BridgeError} permanent, `PIM_ANSWER_TOO_LARGE`, for one item; what `pages` throws
 */
export async function* inSmallerPages(
  after: string | undefined,
  limit: number,
  pages: (query: Readonly<Record<string, string>>) => AsyncIterable<AkeneoPage>,
): AsyncGenerator<AkeneoPage> {
  let place = after
  for (let size = limit; ; size = Math.ceil(size / 2)) {
    try {
      const query = { limit: `${size}`, ...(place === undefined ? {} : { search_after: place }) }
      for await (const page of pages(query)) {
        place = page.next?.search_after ?? place
        yield page
      }
      return
    } catch (thrown) {
      if (!isTooLarge(thrown) || size === 1) throw thrown
    }
  }
}

const isTooLarge = (thrown: unknown): boolean =>
  thrown instanceof BridgeError && thrown.code === 'PIM_ANSWER_TOO_LARGE'
