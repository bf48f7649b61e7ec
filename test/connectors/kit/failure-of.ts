import { inspect } from 'node:util'
import { BridgeError } from '../../../src/core/errors'

/** The error of work that must fail, after a look for secrets in it, in whatever form it may be printed. */
export async function failureOf(
  work: Promise<unknown>,
  secrets: readonly string[] = [],
): Promise<BridgeError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(thrown instanceof BridgeError)) throw new Error(`not a BridgeError: ${inspect(thrown)}`)
  const shown = inspect(thrown, { depth: 10, showHidden: true }) + JSON.stringify(thrown)
  for (const secret of secrets) {
    expect(shown).not.toContain(secret)
    expect(shown).not.toContain(encodeURIComponent(secret))
  }
  return thrown
}
