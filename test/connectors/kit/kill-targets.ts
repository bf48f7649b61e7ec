import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAzurite } from '../../../sandbox/targets/azurite'
import { startHttpsEndpoint } from '../../../sandbox/targets/https-endpoint'
import { startMarketo } from '../../../sandbox/targets/marketo'
import { startPlainSftpServer } from '../../../sandbox/targets/plain-sftp-server'
import { hasSshd, readBelow, startSshd } from '../../../sandbox/targets/ssh-server'
import { startStrictS3 } from '../../../sandbox/targets/strict-s3'
import { flatName } from '../../../src/plugin/flat-name'
import { startAkeneoTarget } from '../akeneo/destination-bench'
import type { KillTarget } from './kill'

/** Some of the files go up in one request, some in parts. */
const maxBytes = 24 * 1024 * 1024

/** Every destination whose writers are killed. */
export const killTargets = {
  folder: {
    name: 'folder',
    start: async () => {
      const root = await mkdtemp(join(tmpdir(), 'bridge-kill-'))
      return {
        inputs: { FOLDER_ROOT: root },
        read: (key) => readBelow(root, key),
        close: () => rm(root, { recursive: true }),
      }
    },
  },
  sftp: {
    name: 'sftp',
    start: async () => {
      const server = hasSshd ? await startSshd() : await startPlainSftpServer()
      return {
        inputs: server.inputs,
        read: (key) => readBelow(server.root, key),
        close: () => server.close(),
      }
    },
  },
  https: {
    name: 'https',
    start: async () => {
      const endpoint = await startHttpsEndpoint()
      const inputs = { HTTPS_URL: `${endpoint.url}/files/{key}`, HTTPS_HEAD: 'x-held-version' }
      return { inputs, read: endpoint.read, quiet: endpoint.quiet, close: endpoint.close }
    },
  },
  azure: {
    name: 'azure',
    maxBytes,
    start: async () => {
      const azurite = await startAzurite()
      return {
        inputs: { AZURE_BLOB_SAS_URL: azurite.sasUrl() },
        read: azurite.read,
        close: azurite.close,
      }
    },
  },
  // Not at s3rver: it writes a body straight into the object, so that a cut one tears what was there.
  s3: {
    name: 's3',
    options: { checksums: 'when-supported', conditional: true },
    maxBytes,
    start: async () => {
      const server = await startStrictS3()
      return {
        inputs: server.inputs,
        read: async (key) => server.objects.get(key)?.bytes,
        close: server.close,
      }
    },
  },
  campaign: {
    name: 'campaign',
    options: { trigger: '*.done' },
    start: async () => {
      const server = hasSshd ? await startSshd() : await startPlainSftpServer()
      const inputs = Object.entries(server.inputs).map(([name, value]) => [`CAMPAIGN_${name}`, value])
      return {
        inputs: Object.fromEntries(inputs),
        read: (key) => readBelow(server.root, key),
        close: () => server.close(),
      }
    },
  },
  marketo: {
    name: 'marketo',
    options: { rate: { calls: 1_000_000 } },
    start: async () => {
      const instance = await startMarketo({ maxBytes: 10_000_000, calls: 1_000_000 })
      return {
        inputs: { ...instance.inputs, MARKETO_MAX_BYTES: '10000000' },
        read: (key) => instance.read(flatName(key)),
        quiet: instance.quiet,
        close: instance.close,
      }
    },
  },
  akeneo: {
    name: 'akeneo',
    start: async () => {
      // Three writers and the one who looks would be too much for a connection.
      const allowance = { callsAtOnce: 1_000, callsPerSecond: 1_000_000 }
      const { server, read } = await startAkeneoTarget(undefined, allowance)
      return {
        inputs: { ...server.inputs(), AKENEO_ASSET_FAMILY: 'packshots' },
        read,
        close: server.close,
      }
    },
  },
} satisfies Record<string, KillTarget>
