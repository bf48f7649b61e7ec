import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type PlainSftpServer, startPlainSftpServer } from '../../../sandbox/targets/plain-sftp-server'
import {
  freePort,
  listBelow,
  missingSshd,
  readBelow,
  type SshServer,
  startSshd,
} from '../../../sandbox/targets/ssh-server'
import { sftp } from '../../../src/connectors/sftp/destination'
import { startCall } from '../../support/call'
import { describeWhere } from '../../support/describe-where'
import { createTestClock } from '../../support/test-clock'
import { describeDestination, type StartedDestination } from '../kit/conformance'
import { type ContextParts, contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

async function started(server: SshServer, wrong: Record<string, string>): Promise<StartedDestination> {
  const nowhere = `sftp://bridge@127.0.0.1:${await freePort()}/`
  return {
    destination: sftp().create(contextOf(server.inputs)),
    read: (key) => readBelow(server.root, key),
    list: () => listBelow(server.root),
    listAll: () => listBelow(server.root, 'all'),
    putForeign: (key, bytes) => writeFile(join(server.root, key), bytes),
    secrets: server.secrets,
    breakIt: {
      wrongCredentials: () => sftp().create(contextOf({ ...server.inputs, ...wrong })),
      unreachable: () => sftp().create(contextOf({ ...server.inputs, SFTP_URL: nowhere })),
    },
    close: () => server.close(),
  }
}

describeWhere('OpenSSH', missingSshd, () =>
  describeDestination({
    name: 'sftp (OpenSSH)',
    capabilities: ['head', 'remove', 'list', 'atomic'],
    start: async () => {
      const [server, stranger] = await Promise.all([startSshd(), startSshd()])
      await stranger.close()
      return started(server, { SFTP_PRIVATE_KEY: stranger.inputs.SFTP_PRIVATE_KEY ?? '' })
    },
  }),
)

describeDestination({
  name: 'sftp (a server without extensions)',
  capabilities: ['head', 'remove', 'list', 'atomic'],
  datesBySeconds: true,
  except: { 'shows the old file or the new one while it overwrites': 'the server cannot rename over a file' },
  start: async () => started(await startPlainSftpServer(), { SFTP_PASSWORD: 'another password' }),
})

describeDestination({
  name: 'sftp (a server without extensions that renames over a file)',
  capabilities: ['head', 'remove', 'list', 'atomic'],
  datesBySeconds: true,
  start: async () => {
    const server = await startPlainSftpServer()
    server.renamesOver = true
    return started(server, { SFTP_PASSWORD: 'another password' })
  },
})

const never = startCall()
const mebibyte = 1024 * 1024

describe('sftp', () => {
  let server: PlainSftpServer
  beforeEach(async () => {
    server = await startPlainSftpServer()
  })
  afterEach(() => server.close())

  const make = (
    more: Record<string, string | undefined> = {},
    options: Parameters<typeof sftp>[0] = {},
    parts: ContextParts = {},
  ) => sftp(options).create(contextOf({ ...server.inputs, ...more }, parts))
  const put = (destination: ReturnType<typeof make>, key: string, size = 1_000) =>
    destination.put(key, fakeBinary({ size }), {}, never)

  it('creates its root, and takes one relative to where the server opens', async () => {
    const { port } = new URL(server.inputs.SFTP_URL ?? '')
    await put(make({ SFTP_URL: `sftp://bridge@127.0.0.1:${port}/deep/er%20root` }), 'a/b.png')
    await put(make({ SFTP_URL: `sftp://bridge@127.0.0.1:${port}/~/home` }), 'c.png')
    expect((await listBelow(server.root)).sort()).toEqual(['deep/er root/a/b.png', 'home/c.png'])
  })

  it('opens two connections at most, or one', async () => {
    for (const connections of [2, 1] as const) {
      const before = server.connections().total
      const destination = make({}, { connections })
      await Promise.all(
        Array.from({ length: 8 }, (_, index) => put(destination, `c${connections}/${index}.png`, 200_000)),
      )
      expect(server.connections().total - before).toBe(connections)
    }
  })

  describe('after a pause', () => {
    /** A frozen process has no timers, only a clock that has moved on. */
    const clock = createTestClock()

    it('replaces a connection that broke, or went silent, while nobody used it', async () => {
      const destination = make({}, { idleMs: 300 }, { clock })
      await put(destination, 'a.png')
      server.cutAll()
      clock.advance(2_000)
      await put(destination, 'b.png')
      clock.advance(2_000)
      server.fault = (request) => (request === 'REALPATH' ? 'silence' : undefined)
      await put(destination, 'c.png')
      expect(server.connections().total).toBe(3)
      expect(await listBelow(server.root)).toHaveLength(3)
    })

    it('uses a connection again that still answers', async () => {
      const destination = make({}, {}, { clock })
      await put(destination, 'a.png')
      clock.advance(2_000)
      await put(destination, 'b.png')
      expect(server.connections().total).toBe(1)
    })
  })

  it.each(['OPEN', 'WRITE', 'RENAME'])(
    'gives up a server that is silent after %s, and goes on with a new connection',
    async (silent) => {
      const destination = make({}, { idleMs: 300 })
      await put(destination, 'a.png')
      server.fault = (request, path) =>
        request === silent && (path === '' || path.includes('b.png')) ? 'silence' : undefined
      await expect(put(destination, 'b.png')).rejects.toMatchObject({
        failureClass: 'transient',
        code: 'SFTP_STALLED',
      })
      expect(await listBelow(server.root)).toEqual(['a.png'])
      server.fault = () => undefined
      await put(destination, 'b.png')
      expect(server.connections().total).toBe(2)
    },
  )

  it('calls a connection that breaks in the middle transient, and goes on with a new one', async () => {
    const destination = make()
    let writes = 0
    server.fault = (request) => (request === 'WRITE' && ++writes === 40 ? 'cut' : undefined)
    await expect(put(destination, 'a.png', 4 * mebibyte)).rejects.toMatchObject({
      failureClass: 'transient',
      code: 'SFTP_LOST',
    })
    expect(await listBelow(server.root)).toEqual([])
    await put(destination, 'a.png', 4 * mebibyte)
    expect(await listBelow(server.root)).toEqual(['a.png'])
  })

  it('ends promptly when it is aborted while the server is silent', async () => {
    const destination = make()
    await put(destination, 'a.png')
    const call = startCall()
    server.fault = (request) => {
      if (request !== 'WRITE') return undefined
      call.abort(new Error('time is up'))
      return 'silence'
    }
    const putting = destination.put('b.png', fakeBinary({ size: 8 * mebibyte }), {}, call)
    await expect(putting).rejects.toThrow('time is up')
    server.fault = () => undefined
    expect(await listBelow(server.root)).toEqual(['a.png'])
  })

  const everywhere = () => true
  const below = (path: string) => path.includes('sub')
  it.each([
    ['a full disk', 'WRITE', 4, everywhere, 'systemic', 'SFTP_UNWRITABLE'],
    ['a root that may not be written', 'OPEN', 3, everywhere, 'systemic', 'SFTP_ROOT_UNUSABLE'],
    ['a read-only disk', 'OPEN', 4, everywhere, 'systemic', 'SFTP_ROOT_UNUSABLE'],
    ['a folder that may not be written', 'OPEN', 3, below, 'permanent', 'SFTP_REFUSED'],
    ['a folder that may not be made', 'MKDIR', 3, below, 'permanent', 'SFTP_REFUSED'],
    ['a name that is refused', 'RENAME', 5, everywhere, 'permanent', 'SFTP_REFUSED'],
    ['a rename that fails', 'RENAME', 4, everywhere, 'transient', 'SFTP_FAILED'],
    ['a look that fails', 'LSTAT', 4, everywhere, 'transient', 'SFTP_FAILED'],
    ['a look that is not allowed', 'LSTAT', 3, below, 'permanent', 'SFTP_REFUSED'],
    ['no connection behind the server', 'OPEN', 6, everywhere, 'transient', 'SFTP_FAILED'],
    ['a lost connection behind the server', 'OPEN', 7, everywhere, 'transient', 'SFTP_FAILED'],
  ] as const)('tells whose fault it is: %s', async (_what, failing, status, where, failureClass, code) => {
    const destination = make()
    server.fault = (request, path) => (request === failing && where(path) ? status : undefined)
    await expect(put(destination, 'sub/a.png')).rejects.toMatchObject({ failureClass, code })
    expect(await listBelow(server.root)).toEqual([])
    server.fault = () => undefined
    await put(destination, 'sub/a.png')
  })

  it.each([
    ['may not rename', 3],
    ['lost the new file', 2],
  ])('keeps the old file where the server %s', async (_what, status) => {
    const destination = make()
    const previous = await put(destination, 'sub/a.png')
    const old = await readBelow(server.root, 'sub/a.png')
    server.fault = (request) => (request === 'RENAME' ? status : undefined)
    const replacing = destination.put('sub/a.png', fakeBinary({ size: 2_000 }), { previous }, never)
    await expect(replacing).rejects.toMatchObject({ code: expect.stringMatching(/^SFTP_/) })
    expect(await readBelow(server.root, 'sub/a.png')).toEqual(old)
  })

  it.each([
    ['as version 3 has it', 4],
    ['as servers on Windows do', 3],
  ])('removes the old file first where a rename refuses what is there, %s', async (_what, status) => {
    const destination = make()
    const previous = await put(destination, 'sub/a.png')
    let removed = false
    server.fault = (request, path) => {
      if (request === 'REMOVE' && path.endsWith('/a.png')) removed = true
      return request === 'RENAME' && path.endsWith('/a.png') && !removed ? status : undefined
    }
    await destination.put('sub/a.png', fakeBinary({ size: 2_000 }), { previous }, never)
    expect((await readBelow(server.root, 'sub/a.png'))?.length).toBe(2_000)
  })

  it('clears what a killed run left, once it is a day old, and nobody else’s files', async () => {
    const [old, young, foreign] = ['.x.0123456789abcdef.part', '.y.0123456789abcdef.part', '.z.part']
    await mkdir(join(server.root, 'sub'))
    const dayAgo = Date.now() / 1000 - 25 * 60 * 60
    for (const name of [old, young, foreign]) await writeFile(join(server.root, 'sub', name), 'x')
    for (const name of [old, foreign]) await utimes(join(server.root, 'sub', name), dayAgo, dayAgo)
    await put(make(), 'sub/a.png')
    expect((await readdir(join(server.root, 'sub'))).sort()).toEqual(
      ['.a.png.version', young, foreign, 'a.png'].sort(),
    )
  })

  it('takes nothing but "no such file" for absent', async () => {
    const destination = make()
    for (const status of [3, 4, 5, 6, 7, 8]) {
      server.fault = (request) => (request === 'LSTAT' ? status : undefined)
      await expect(destination.head?.('a.png', never)).rejects.toMatchObject({ name: 'BridgeError' })
    }
  })

  it('makes a folder again that somebody removed', async () => {
    const destination = make()
    await put(destination, 'sub/deep/a.png')
    await rm(join(server.root, 'sub'), { recursive: true })
    await put(destination, 'sub/deep/b.png')
    expect(await listBelow(server.root)).toEqual(['sub/deep/b.png'])
  })

  it('does not mistake somebody else’s file for its own', async () => {
    const destination = make()
    await put(destination, 'a.png', 1_000)
    await writeFile(join(server.root, 'a.png'), 'by hand')
    expect(await destination.head?.('a.png', never)).toMatchObject({ version: undefined, size: 7 })
    await expect(put(destination, 'a.png')).rejects.toMatchObject({ code: 'DESTINATION_CHANGED' })
  })

  it('calls folders where files should be, and files where folders should be, permanent', async () => {
    const destination = make()
    await mkdir(join(server.root, 'folder.png'))
    await writeFile(join(server.root, 'file'), '')
    await expect(put(destination, 'folder.png')).rejects.toMatchObject({ failureClass: 'permanent' })
    await expect(put(destination, 'file/a.png')).rejects.toMatchObject({ failureClass: 'permanent' })
  })

  it('calls a root that is a file systemic', async () => {
    await writeFile(join(server.root, 'file'), '')
    const { port } = new URL(server.inputs.SFTP_URL ?? '')
    const destination = make({ SFTP_URL: `sftp://bridge@127.0.0.1:${port}/file` })
    await expect(put(destination, 'a.png')).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'SFTP_ROOT_UNUSABLE',
    })
  })
})

describeWhere('sftp with OpenSSH', missingSshd, () => {
  let server: SshServer
  beforeAll(async () => {
    server = await startSshd()
  })
  afterAll(() => server.close())

  it('leaves no hidden file behind but the note of the version', async () => {
    const destination = sftp().create(contextOf(server.inputs))
    const failing = fakeBinary({ size: mebibyte, failAt: 500_000 })
    await destination.put('x/a.png', fakeBinary({ size: 10 }), {}, never)
    await expect(destination.put('x/b.png', failing, {}, never)).rejects.toThrow()
    expect((await readdir(join(server.root, 'x'))).sort()).toEqual(['.a.png.version', 'a.png'])
  })
})
