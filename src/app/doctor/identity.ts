import { createHmac } from 'node:crypto'
import type { FlowContext } from '../../flows/event-flow'
import type { RawInputs } from '../../inputs/raw-inputs'

/** What an app was deployed from, without telling it. */
export type Identity = {
  /** The hash of the code, as `webpack/code-hash.js` computes it; undefined where nothing was built. */
  code?: string | undefined
  /** Each input that is set, and one without a name that tells whether both sides have the same key. */
  inputs: readonly { input: string; digest: string }[]
}

/**
 * A digest of each input. Its key is that of I/O Runtime: who does not have it cannot try values, and who has it may read
 * the inputs of the actions anyway.
 * @param nonce of the one who asks: the digests of one answer say nothing about another one
 */
export function digestsOf(inputs: RawInputs, { apiKey, nonce }: { apiKey: string; nonce: string }) {
  const digest = (input: string, value: string): string =>
    createHmac('sha256', apiKey)
      .update(JSON.stringify([nonce, input, value]))
      .digest('hex')
      .slice(0, 32)
  return Object.entries({ '': '', ...inputs }).map(([input, value]) => ({
    input,
    digest: digest(input, value),
  }))
}

/** What the app that runs here was deployed from. The build writes the hash of the code in. */
export const identify = (nonce: string, { inputs, runtime }: FlowContext): Identity => ({
  code: process.env.ASSET_BRIDGE_CODE,
  inputs: runtime?.apiKey === undefined ? [] : digestsOf(inputs, { apiKey: runtime.apiKey, nonce }),
})
