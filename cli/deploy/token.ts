import type { CallContext } from '../../src/core/call-context'
import { BridgeError } from '../../src/core/errors'
import { createHttpClient } from '../../src/http/http-client'
import { imsInputs } from '../../src/ims/inputs'
import { createImsGrant } from '../../src/ims/token-provider'
import { sourceOf, valuesOf } from '../../src/inputs/values'
import type { Environment } from '../environment'
import { CommandError } from '../output'

/**
 * What the service I/O Management API grants to a credential.
 * Source: Adobe's own GitHub action for App Builder (adobe/aio-apps-action 4, command `oauth_sts`) asks for these, and
 * deploys with the token. Which of them the deploy service looks at is not documented.
 */
export const deployScopes: readonly string[] = [
  'AdobeID',
  'openid',
  'read_organizations',
  'additional_info.projectedProductContext',
  'additional_info.roles',
  'adobeio_api',
  'read_client_secret',
  'manage_client_secrets',
]

/** A token for Adobe's CLI, as `AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_TOKEN` and `_EXPIRY` take it. */
export type DeployToken = {
  token: string
  /** When it ends, in milliseconds since 1970. */
  expiry: number
}

/** What a run of GitHub Actions is told by. */
type Terminal = { settings: NodeJS.ProcessEnv; write(text: string): void }

const ownTerminal: Terminal = { settings: process.env, write: (text) => process.stderr.write(text) }

/**
 * Gets a token for Adobe's CLI from the OAuth Server-to-Server credential, since without one the CLI waits for a browser.
 * In GitHub Actions it is masked in the log before anything else can print it, as is the second half of the namespace's
 * key: by itself GitHub masks the secrets it holds, whole, line by line and in base64, and nothing that comes of them.
 * Source: actions/runner 2 (`AddMaskCommandExtension`, which is told on either stream and is not echoed; `HostContext`).
 * @throws {InputError} the credential is not set
 * @throws {CommandError} IMS refuses the credential, or the scopes of a deployment
 * @throws {BridgeError} transient: IMS does not answer
 */
export async function deployToken(
  { inputs, redactor, clock, runtimeKey }: Pick<Environment, 'inputs' | 'redactor' | 'clock' | 'runtimeKey'>,
  call: CallContext,
  { settings, write }: Terminal = ownTerminal,
): Promise<DeployToken> {
  const values = valuesOf(imsInputs, sourceOf(inputs, redactor))
  const grant = createImsGrant(
    {
      imsUrl: values.IMS_URL,
      clientId: values.ADC_CECREDENTIALS_CLIENTID,
      clientSecret: values.ADC_CECREDENTIALS_CLIENTSECRET,
      scopes: deployScopes,
    },
    { http: createHttpClient({ clock }), redactor },
  )
  const asked = clock.now()
  const { token, lifeMs } = await grant(call).catch(explain)
  if (settings.GITHUB_ACTIONS === 'true') {
    for (const value of [token, ...keyIn(runtimeKey)]) write(`::add-mask::${value}\n`)
  }
  return { token, expiry: asked + lifeMs }
}

/** Of the key of a namespace, `<id>:<key>`, what alone would open it to who knows the id. */
function keyIn(runtimeKey: string | undefined): readonly string[] {
  const [, key = ''] = /^[^:]+:(.+)$/.exec(runtimeKey ?? '') ?? []
  return key === '' ? [] : [key]
}

function explain(thrown: unknown): never {
  if (!(thrown instanceof BridgeError) || thrown.code !== 'IMS_REFUSED') throw thrown
  throw new CommandError(
    `there is no token to deploy with: ${thrown.message}. A deployment also needs the scopes of the service I/O Management API: add it to the credential in the Developer Console`,
  )
}
