import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHttpsEndpoint } from '../../sandbox/targets/https-endpoint'
import { startPlainSftpServer } from '../../sandbox/targets/plain-sftp-server'
import { hasSshd, readBelow, startSshd } from '../../sandbox/targets/ssh-server'
import { describeKills } from './kill'

describe('killed in the middle of a put', () => {
  describeKills({
    name: 'folder',
    start: async () => {
      const root = await mkdtemp(join(tmpdir(), 'bridge-kill-'))
      return {
        inputs: { FOLDER_ROOT: root },
        read: (key) => readBelow(root, key),
        close: () => rm(root, { recursive: true }),
      }
    },
  })

  describeKills({
    name: 'sftp',
    start: async () => {
      const server = hasSshd ? await startSshd() : await startPlainSftpServer()
      return {
        inputs: server.inputs,
        read: (key) => readBelow(server.root, key),
        close: () => server.close(),
      }
    },
  })

  describeKills({
    name: 'https',
    options: { atomic: true },
    start: async () => {
      const endpoint = await startHttpsEndpoint()
      const inputs = { HTTPS_URL: `${endpoint.url}/files/{key}`, HTTPS_HEAD: 'x-held-version' }
      return { inputs, read: endpoint.read, quiet: endpoint.quiet, close: endpoint.close }
    },
  })
})
