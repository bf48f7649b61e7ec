import { sftp } from '../../src/destinations/sftp'
import { describeDestination, type StartedDestination } from './conformance'
import { contextOf } from './context'
import { startPlainSftpServer } from './plain-sftp-server'
import { freePort, hasSshd, listBelow, readBelow, type SshServer, startSshd } from './ssh-server'

async function started(server: SshServer, wrong: Record<string, string>): Promise<StartedDestination> {
  const nowhere = `sftp://bridge@127.0.0.1:${await freePort()}/`
  return {
    destination: sftp().create(contextOf(server.inputs)),
    read: (key) => readBelow(server.root, key),
    list: () => listBelow(server.root),
    secrets: server.secrets,
    breakIt: {
      wrongCredentials: () => sftp().create(contextOf({ ...server.inputs, ...wrong })),
      unreachable: () => sftp().create(contextOf({ ...server.inputs, SFTP_URL: nowhere })),
    },
    close: () => server.close(),
  }
}

const describeWithSshd = hasSshd ? describeDestination : () => it.skip('sftp with OpenSSH (no sshd here)', () => undefined)

describeWithSshd({
  name: 'sftp (OpenSSH)',
  start: async () => {
    const server = await startSshd()
    const stranger = await startSshd()
    await stranger.close()
    return started(server, { SFTP_PRIVATE_KEY: stranger.inputs.SFTP_PRIVATE_KEY ?? '' })
  },
})

describeDestination({
  name: 'sftp (a server without extensions)',
  except: {
    'shows the old file or the new one while it overwrites': 'it cannot rename over a file',
    'ends in one whole file when two puts overlap': 'x',
  },
  start: async () => started(await startPlainSftpServer(), { SFTP_PASSWORD: 'another password' }),
})
