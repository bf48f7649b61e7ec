import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import * as v from 'valibot'
import { type Check, failed, skipped, warning } from '../src/app/doctor/checks'
import { digestsOf, type Identity } from '../src/app/doctor/identity'
import type { CallContext } from '../src/core/call-context'
import { toBridgeError } from '../src/core/errors'
import { isOfCommandLine } from '../src/inputs/raw-inputs'
import { codeHash } from '../webpack/code-hash'
import type { Environment } from './environment'

const worker = 'export-worker'

const Answer = v.object({
  code: v.optional(v.string()),
  inputs: v.array(v.object({ input: v.string(), digest: v.string() })),
})

/** What the deployed app says of itself; or why it says nothing. */
type Told = Identity | 'not deployed' | 'another version'

type Parts = Pick<Environment, 'activations' | 'inputs' | 'runtimeKey'>

/**
 * Whether the deployed app is this checkout with these inputs: by a hash of the code and keyed digests of the inputs.
 * @param needs the checks that tell whether I/O Runtime takes the key
 */
export function deploymentChecks(
  { activations, inputs, runtimeKey: apiKey = '' }: Parts,
  needs: readonly string[],
): readonly Check[] {
  const nonce = randomBytes(16).toString('hex')
  let told: Told = 'not deployed'

  async function ask({ signal }: CallContext): Promise<Told> {
    try {
      const answer = v.safeParse(Answer, await activations.ask(worker, { identify: { nonce } }, signal))
      return answer.success ? answer.output : 'another version'
    } catch (thrown) {
      const { status } = toBridgeError(thrown)
      if (status === 404) return 'not deployed'
      // The worker of a version before refuses the question.
      if (status === 502) return 'another version'
      throw thrown
    }
  }

  return [
    {
      name: 'deployment.code',
      needs,
      remedy: 'Deploy this checkout (npx aio app deploy), or run doctor in the one that was deployed.',
      run: async (call) => {
        told = await ask(call)
        if (told === 'not deployed')
          return skipped('The workspace has no export-worker: nothing is deployed.')
        if (told === 'another version' || told.code === undefined)
          return warning('DEPLOYED_CODE_DIFFERS', `${worker} does not tell what it was deployed from.`)
        if (told.code === codeHash(join(__dirname, '..')))
          return 'The deployed code is that of this checkout.'
        return warning(
          'DEPLOYED_CODE_DIFFERS',
          'The app was deployed from other code than this checkout has.',
        )
      },
    },
    {
      name: 'deployment.inputs',
      needs: ['deployment.code'],
      remedy: 'Deploy again, or take the inputs of the deployment to .env.',
      run: async () => {
        if (typeof told === 'string') return skipped(`${worker} does not tell what it was deployed from.`)
        const there = new Map(told.inputs.map(({ input, digest }) => [input, digest]))
        const own = Object.fromEntries(Object.entries(inputs).filter(([name]) => !isOfCommandLine(name)))
        const here = new Map(digestsOf(own, { apiKey, nonce }).map(({ input, digest }) => [input, digest]))
        if (there.get('') !== here.get(''))
          return skipped(`${worker} has another key than this machine, so the inputs cannot be compared.`)
        const names = [...new Set([...there.keys(), ...here.keys()])].sort()
        const different = names.filter((name) => there.get(name) !== here.get(name))
        if (different.length === 0) return 'The deployed inputs are those of this machine.'
        return failed(
          'DEPLOYED_INPUTS_DIFFER',
          `The app was deployed with other values than this machine has: ${different.map((name) => `${name} (${how(there.has(name), here.has(name))})`).join(', ')}.`,
        )
      },
    },
  ]
}

const how = (isThere: boolean, isHere: boolean): string =>
  !isThere ? 'not deployed' : isHere ? 'differs' : 'deployed only'
