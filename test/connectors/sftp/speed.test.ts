import { mkdir } from 'node:fs/promises'
import type { SFTPWrapper } from 'ssh2'
import { missingSshd, readBelow, type SshServer, startSshd } from '../../../sandbox/targets/ssh-server'
import type { SftpConnection } from '../../../src/connectors/kit/sftp/connection'
import { createConnector } from '../../../src/connectors/kit/sftp/connector'
import { readSftpSettings } from '../../../src/connectors/kit/sftp/inputs'
import { sftpSession } from '../../../src/connectors/kit/sftp/session'
import { createWriteAt } from '../../../src/connectors/kit/sftp/write'
import { writeWindowed } from '../../../src/connectors/kit/sftp/writer'
import { startCall } from '../../support/call'
import { describeWhere } from '../../support/describe-where'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

const never = startCall()
const source = fakeBinary({ size: 16 * 1024 * 1024 + 7 })

describeWhere('short cuts past the SSH library', missingSshd, () => {
  let server: SshServer
  let connection: SftpConnection
  /** Writes that the library was left to do. */
  let byLibrary = 0

  beforeAll(async () => {
    server = await startSshd()
    await mkdir(server.root)
    const context = contextOf(server.inputs)
    connection = await createConnector(readSftpSettings('SFTP', context), {
      ...context,
      inputs: 'SFTP',
      idleMs: 10_000,
    })()
    await connection.request<void>(never.signal, (sftp, done) => {
      const write = sftp.write.bind(sftp)
      sftp.write = (...given) => {
        byLibrary += 1
        write(...given)
      }
      done(undefined)
    })
  })
  beforeEach(() => {
    byLibrary = 0
  })
  afterAll(async () => {
    connection?.close()
    await server?.close()
  })

  const create = (name: string, work: (handle: Buffer) => Promise<unknown>): Promise<unknown> =>
    sftpSession(connection).create(`${server.root}/${name}`, never.signal, work)

  it('are taken with the library that is installed', async () => {
    await create('windowed', async (handle) =>
      writeWindowed(connection, handle, await source.open(never), never.signal),
    )
    expect((await readBelow(server.root, 'windowed'))?.equals(source.bytes())).toBe(true)
    expect(byLibrary).toBeLessThan(8)
  })

  it('leave it to the library what finds the channel full, and nothing is lost', async () => {
    const bytes = source.bytes()
    const step = connection.maxWriteBytes
    await create('flood', (handle) => {
      const starts = Array.from({ length: Math.ceil(bytes.length / step) }, (_, index) => index * step)
      return Promise.all(
        starts.map((start) => {
          const piece = bytes.subarray(start, start + step)
          return connection.write(handle, piece, piece.length, start)
        }),
      )
    })
    expect((await readBelow(server.root, 'flood'))?.equals(bytes)).toBe(true)
    expect(byLibrary).toBeGreaterThan(8)
  })
})

describe('short cuts past another library', () => {
  it('are left where the library looks different', () => {
    const calls: unknown[][] = []
    const other = { write: (...given: unknown[]) => calls.push(given) } as unknown as SFTPWrapper
    const handle = Buffer.from('h')
    const bytes = Buffer.from('bytes')
    const done = (): void => undefined
    createWriteAt(other)(handle, bytes, 4, 2, done)
    expect(calls).toEqual([[handle, bytes, 0, 4, 2, done]])
  })
})
