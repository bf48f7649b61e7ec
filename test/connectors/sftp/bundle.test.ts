import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundle } from '../../../bench/export/bundle'
import { productionNode } from '../../../bench/production-node'
import { startPlainSftpServer } from '../../../sandbox/targets/plain-sftp-server'
import { missingSshd, readBelow, type SshServer, startSshd } from '../../../sandbox/targets/ssh-server'
import { describeWhere } from '../../support/describe-where'
import { fakeBinary } from '../kit/fake-binary'

const run = promisify(execFile)
const size = 3 * 1024 * 1024 + 17

describe('the files that the build makes', () => {
  let folder: string
  let client: string

  beforeAll(async () => {
    // Away from node_modules: what is not in the bundle must not be found.
    folder = await mkdtemp(join(tmpdir(), 'bridge-bundle-'))
    client = await bundle(join(__dirname, '../kit/fixtures/sftp-bundle-client.ts'), folder)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('have no native part among them', async () => {
    expect((await readdir(folder)).filter((name) => !name.endsWith('.js'))).toEqual([])
  })

  const servers: readonly [string, string | undefined, () => Promise<SshServer>][] = [
    ['a server without extensions', undefined, startPlainSftpServer],
    ['OpenSSH', missingSshd, startSshd],
  ]
  for (const [name, missing, start] of servers) {
    describeWhere(name, missing, () => {
      it('takes uploads without any native part, on the Node of this process and of production', async () => {
        const server = await start()
        try {
          for (const [index, node] of [process.execPath, productionNode].entries()) {
            const key = `a/${index}.png`
            const job = JSON.stringify({ inputs: server.inputs, key, size })
            const { stdout, stderr } = await run(node, [client, job], { cwd: folder, env: {} })
            expect({ stderr, ...JSON.parse(stdout) }).toMatchObject({
              stderr: '',
              stored: { version: `v-1-${size}`, size },
              held: { version: `v-1-${size}`, size },
              libraries: [],
            })
            expect((await readBelow(server.root, key))?.equals(fakeBinary({ size }).bytes())).toBe(true)
          }
        } finally {
          await server.close()
        }
      })
    })
  }
})
