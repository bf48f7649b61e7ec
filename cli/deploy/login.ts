import { isRecord } from '../../src/core/json'
import type { Settings } from '../environment'

/** Whether Adobe's CLI has a token or can renew one, so that it waits for no browser. */
export async function hasLogin(settings: Settings, now: number): Promise<boolean> {
  if (settings.AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_TOKEN) return true
  // The whole SDK: what it costs does not matter beside a deployment.
  const { Core } = (await import('@adobe/aio-sdk')).default
  const cli: unknown = Core.Config.get('ims.contexts.cli')
  if (!isRecord(cli)) return false
  return [cli.access_token, cli.refresh_token].some(
    (token) => isRecord(token) && typeof token.token === 'string' && Number(token.expiry) > now,
  )
}
