import { type PlainSftpServer, startPlainSftpServer } from '../../../sandbox/targets/plain-sftp-server'
import { listBelow } from '../../../sandbox/targets/ssh-server'
import { type SftpOptions, sftp } from '../../../src/connectors/sftp/destination'
import { startCall } from '../../support/call'
import { createTestClock } from '../../support/test-clock'
import { type ContextParts, contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

const never = startCall()

describe('sftp at a server that allows a user one session', () => {
  let server: PlainSftpServer
  beforeEach(async () => {
    server = await startPlainSftpServer()
    server.maxSessions = 1
  })
  afterEach(() => server.close())

  const make = (options: SftpOptions = {}, parts: ContextParts = {}) =>
    sftp(options).create(contextOf(server.inputs, parts))
  const putMany = (destination: ReturnType<typeof make>, folder: string) =>
    Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        destination.put(`${folder}/${index}.png`, fakeBinary({ size: 100_000 }), {}, never),
      ),
    )

  it('shares the session that it has, and asks for no other one for a while', async () => {
    const clock = createTestClock()
    const destination = make({}, { clock })
    await putMany(destination, 'a')
    await putMany(destination, 'b')
    expect(await listBelow(server.root)).toHaveLength(16)
    expect(server.connections().total).toBe(2)
    server.maxSessions = 2
    clock.advance(11 * 60_000)
    await putMany(destination, 'c')
    expect(server.connections().open).toBe(2)
  })

  it('is busy, not out of order, while another one holds the session', async () => {
    const other = make({ connections: 1 })
    await other.put('a.png', fakeBinary({ size: 10 }), {}, never)
    await expect(make().head?.('a.png', never)).rejects.toMatchObject({
      failureClass: 'transient',
      code: 'SFTP_BUSY',
      message: expect.stringContaining('connections'),
    })
  })
})
