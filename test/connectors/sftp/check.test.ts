import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type PlainSftpServer, startPlainSftpServer } from '../../../sandbox/targets/plain-sftp-server'
import { listBelow } from '../../../sandbox/targets/ssh-server'
import { sftp } from '../../../src/connectors/sftp/destination'
import { startCall } from '../../support/call'
import { expectFailed } from '../kit/check-report'
import { contextOf } from '../kit/destination-context'

const denied = 3

describe('the check of sftp', () => {
  let server: PlainSftpServer
  beforeEach(async () => {
    server = await startPlainSftpServer()
  })
  afterEach(() => server.close())

  const make = (more: Record<string, string> = {}) =>
    sftp({ trigger: '*.done' }).create(contextOf({ ...server.inputs, ...more }))
  const all = () => listBelow(server.root, 'all')

  it('writes, reads, renames and removes hidden files, and starts no receiver', async () => {
    const report = await make().check(startCall())
    expect(report.map(({ right, ok, skipped }) => [right, ok, skipped ?? false])).toEqual([
      [undefined, true, true],
      ['login', true, false],
      ['write', true, false],
      ['list', true, false],
      ['write', true, false],
      ['read', true, false],
      ['rename', true, false],
      ['delete', true, false],
      ['rename', true, false],
      ['delete', true, false],
    ])
    expect(await all()).toEqual([])
  })

  it.each([
    ['list', 'OPENDIR', () => true],
    ['write', 'OPEN', (path: string) => path.includes('bridge-check') || path.includes('probe')],
    ['rename', 'RENAME', () => true],
  ] as const)('names the missing right to %s, and leaves nothing behind', async (right, request, strikes) => {
    server.fault = (asked, path) => (asked === request && strikes(path) ? denied : undefined)
    const report = await make().check(startCall())
    expect(report.filter(({ ok }) => !ok)).toHaveLength(1)
    const failed = expectFailed(report, server.secrets)
    expect(failed).toMatchObject({ right, message: expect.stringContaining('SFTP_URL') })
    expect(await all()).toEqual([])
  })

  it('names the missing right to read, and leaves nothing behind', async () => {
    let opened = 0
    // The file is opened to be written, then to be read.
    server.fault = (asked, path) =>
      asked === 'OPEN' && path.includes('bridge-check') && ++opened === 2 ? denied : undefined
    expect(expectFailed(await make().check(startCall()))).toMatchObject({ right: 'read' })
    expect(await all()).toEqual([])
  })

  it('names the missing right to delete, and what is left to be deleted by hand', async () => {
    server.fault = (asked) => (asked === 'REMOVE' ? denied : undefined)
    const report = await make().check(startCall())
    expect(report.filter(({ ok }) => !ok)).toHaveLength(1)
    const failed = expectFailed(report)
    expect(failed.right).toBe('delete')
    expect((await all()).filter((name) => name.includes('bridge-check'))).toHaveLength(1)
    expect(failed.message).toMatch(/let the user delete files .*SFTP_URL, and remove \.bridge-check\.\S+ /)
  })

  it('says that a root cannot be used, which is about no right', async () => {
    await writeFile(join(server.root, 'file'), '')
    const { port } = new URL(server.inputs.SFTP_URL ?? '')
    const report = await make({ SFTP_URL: `sftp://bridge@127.0.0.1:${port}/file` }).check(startCall())
    const failed = expectFailed(report)
    expect(failed).toMatchObject({ code: 'SFTP_ROOT_UNUSABLE', failureClass: 'systemic' })
    expect(failed.right).toBeUndefined()
  })

  it('leaves nothing behind when its time is up in the middle', async () => {
    const [call, reason] = [startCall(), new Error('the time is up')]
    server.fault = (asked) => {
      if (asked !== 'RENAME') return undefined
      call.abort(reason)
      return 'silence'
    }
    await expect(make().check(call)).rejects.toBe(reason)
    expect(await all()).toEqual([])
  })
})
