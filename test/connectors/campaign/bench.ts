import { startPlainSftpServer } from '../../../sandbox/targets/plain-sftp-server'
import {
  freePort,
  listBelow,
  readBelow,
  type SshServer,
  startSshd,
} from '../../../sandbox/targets/ssh-server'
import { type CampaignOptions, campaign } from '../../../src/connectors/campaign/destination'
import type { Conformance, StartedDestination } from '../kit/conformance'
import { contextOf } from '../kit/destination-context'

/** The inputs of a server under the names that Campaign's have. */
export const asCampaign = (inputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`CAMPAIGN_${name}`, value]))

async function started(
  server: SshServer,
  wrong: Record<string, string>,
  options: CampaignOptions = {},
): Promise<StartedDestination> {
  const nowhere = `sftp://bridge@127.0.0.1:${await freePort()}/`
  const make = (more: Record<string, string> = {}) =>
    campaign(options).create(contextOf({ ...asCampaign(server.inputs), ...more }))
  return {
    destination: make(),
    read: (key) => readBelow(server.root, key),
    list: async () => (await listBelow(server.root)).filter((name) => !name.endsWith('.done')),
    listAll: () => listBelow(server.root, 'all'),
    secrets: server.secrets,
    breakIt: {
      wrongCredentials: () => make(asCampaign(wrong)),
      unreachable: () => make({ CAMPAIGN_SFTP_URL: nowhere }),
    },
    close: () => server.close(),
  }
}

/** At OpenSSH, with a trigger. */
export const campaignAtOpenSsh: Conformance = {
  name: 'campaign (OpenSSH, with a trigger)',
  capabilities: ['head', 'remove', 'list', 'atomic'],
  start: async () => {
    const [server, stranger] = await Promise.all([startSshd(), startSshd()])
    await stranger.close()
    const wrong = { SFTP_PRIVATE_KEY: stranger.inputs.SFTP_PRIVATE_KEY ?? '' }
    return started(server, wrong, { trigger: '*.done' })
  },
}

/** At a server without extensions. */
export const campaignAtPlainServer = (options: CampaignOptions = {}): Conformance => ({
  name: `campaign (a server without extensions, ${options.trigger === undefined ? 'without' : 'with'} a trigger)`,
  capabilities: ['head', 'remove', 'list', 'atomic'],
  datesBySeconds: true,
  except: { 'shows the old file or the new one while it overwrites': 'the server cannot rename over a file' },
  start: async () => started(await startPlainSftpServer(), { SFTP_PASSWORD: 'another password' }, options),
})
