/** What the server refused, or could not find out. */
class Problem extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

/**
 * Asks the server. The address of the page has the token, and these are relative to it.
 * @template T
 * @param {string} route
 * @returns {Promise<T>}
 */
export const look = (route) => answerOf(fetch(route, { cache: 'no-store' }))

/**
 * Has the server do something to records.
 * @param {string} route
 * @param {readonly string[]} ids
 * @returns {Promise<import('../view').DoneView>}
 */
export const change = (route, ids) =>
  answerOf(
    fetch(route, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ids }),
    }),
  )

/**
 * @template T
 * @param {Promise<Response>} asked
 * @returns {Promise<T>}
 */
async function answerOf(asked) {
  const response = await asked.catch(() => {
    throw new Problem(
      'NO_ANSWER',
      'the dashboard does not answer: was it ended? Start it again, and open its new address',
    )
  })
  const body = await response.json()
  if (response.ok) return body
  throw new Problem(String(body.error?.code), String(body.error?.message))
}

/**
 * @param {unknown} thrown
 * @returns {string}
 */
export function problemText(thrown) {
  if (thrown instanceof Problem) return `${thrown.code}: ${thrown.message}`
  return thrown instanceof Error ? thrown.message : String(thrown)
}
