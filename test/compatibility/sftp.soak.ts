import { missingDropbear, startDropbear } from '../../sandbox/targets/dropbear'
import { missingMySecureShell, startMySecureShell } from '../../sandbox/targets/mysecureshell'
import { missingProftpd, startProftpd } from '../../sandbox/targets/proftpd'
import { missingRclone, startRcloneSftp } from '../../sandbox/targets/rclone'
import { freePort, listBelow, readBelow, type SshServer } from '../../sandbox/targets/ssh-server'
import { sftp } from '../../src/connectors/sftp/destination'
import { describeDestination } from '../connectors/kit/conformance'
import type { StartedDestination } from '../connectors/kit/conformance-bench'
import { contextOf } from '../connectors/kit/destination-context'
import { describeWhere } from '../support/describe-where'

async function started(server: SshServer): Promise<StartedDestination> {
  const nowhere = `sftp://bridge@127.0.0.1:${await freePort()}/`
  return {
    destination: sftp().create(contextOf(server.inputs)),
    read: (key) => readBelow(server.root, key),
    list: () => listBelow(server.root),
    listAll: () => listBelow(server.root, 'all'),
    secrets: server.secrets,
    breakIt: {
      unreachable: () => sftp().create(contextOf({ ...server.inputs, SFTP_URL: nowhere })),
    },
    close: () => server.close(),
  }
}

const servers: readonly [string, string | undefined, () => Promise<SshServer>][] = [
  ['ProFTPD', missingProftpd, startProftpd],
  ['MySecureShell', missingMySecureShell, () => startMySecureShell({ connections: 5 })],
  ['Dropbear', missingDropbear, startDropbear],
  ['rclone', missingRclone, startRcloneSftp],
]

for (const [name, missing, start] of servers) {
  describeWhere(name, missing, () =>
    describeDestination({
      name: `sftp (${name})`,
      capabilities: ['head', 'remove', 'list', 'atomic'],
      datesBySeconds: true,
      ...(name === 'rclone' && { createsOver: true }),
      start: async () => started(await start()),
    }),
  )
}
