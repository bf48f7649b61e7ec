import { readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  type PlainSftpServer,
  type SftpFault,
  startPlainSftpServer,
} from '../../../sandbox/targets/plain-sftp-server'
import { listBelow } from '../../../sandbox/targets/ssh-server'
import { type SftpOptions, sftp } from '../../../src/connectors/sftp/destination'
import { startCall } from '../../support/call'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

const never = startCall()
const denied = 3

describe('what the user of sftp may not do', () => {
  let server: PlainSftpServer
  let asked: string[]
  beforeEach(async () => {
    server = await startPlainSftpServer()
    asked = []
  })
  afterEach(() => server.close())

  const make = (options: SftpOptions = {}) => sftp(options).create(contextOf(server.inputs))
  const deny = (isDenied: (request: string, path: string) => boolean) => {
    server.fault = (request, path): SftpFault | undefined => {
      asked.push(request)
      return isDenied(request, path) ? denied : undefined
    }
  }
  const put = async (destination: ReturnType<typeof make>, key: string, size = 1_000, seed = 1) => {
    const previous = await destination.head?.(key, never)
    return destination.put(key, fakeBinary({ size, seed }), previous ? { previous } : {}, never)
  }
  const all = () => listBelow(server.root, 'all')

  it.each([
    ['rename', /may not rename.*inPlace/, (request: string) => request === 'RENAME'],
    ['create folders', /may not create folders/, (request: string) => request === 'MKDIR'],
    ['look', /may not look/, (request: string) => request === 'LSTAT'],
    [
      'write hidden names',
      /begin with a dot.*ownNames/,
      (request: string, path: string) => request === 'OPEN' && basename(path).startsWith('.'),
    ],
  ])('is systemic, and named, asset after asset: %s', async (_what, message, isDenied) => {
    deny(isDenied)
    const destination = make()
    for (const key of ['sub/a.png', 'other/b.png', 'sub/a.png']) {
      await expect(put(destination, key)).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'SFTP_FORBIDDEN',
        message: expect.stringMatching(message),
      })
    }
    expect(await all()).toEqual([])
  })

  it('is found out once, not with every file', async () => {
    deny((request) => request === 'RENAME')
    const destination = make()
    for (let index = 0; index < 5; index++) await put(destination, `sub/${index}.png`).catch(() => undefined)
    expect(asked.filter((request) => request === 'RMDIR')).toHaveLength(1)
  })

  it('is what one file or folder is to blame for when the same works elsewhere', async () => {
    deny((request, path) => request === 'RENAME' && path.endsWith('b.png'))
    const destination = make()
    await put(destination, 'sub/a.png')
    await expect(put(destination, 'sub/b.png')).rejects.toMatchObject({
      failureClass: 'permanent',
      code: 'SFTP_REFUSED',
    })
  })

  describe('without the right to delete', () => {
    beforeEach(() => deny((request) => request === 'REMOVE'))

    it('files arrive, again and again, with their versions, and nothing grows', async () => {
      for (const destination of [make(), make()]) {
        for (const seed of [1, 2]) {
          // A receiver takes the file: a server without posix-rename could not replace it without a deletion.
          server.fault = () => undefined
          await destination.remove?.('sub/a.png', never)
          deny((request) => request === 'REMOVE')
          await put(destination, 'sub/a.png', 1_000 * seed, seed)
          expect(await destination.head?.('sub/a.png', never)).toMatchObject({
            version: `v-${seed}-${1_000 * seed}`,
          })
        }
      }
      expect((await all()).sort()).toEqual(['sub/.a.png.version', 'sub/a.png'])
    })

    it('asks for no deletion of a note that is not there', async () => {
      await put(make(), 'sub/a.png')
      expect(asked).not.toContain('REMOVE')
    })

    it('a note that stayed is emptied before the next file comes, and then written anew', async () => {
      await writeFile(join(server.root, '.a.png.version'), '{"version":"old","file":"1000-1"}\n')
      const destination = make()
      await put(destination, 'a.png')
      expect(await destination.head?.('a.png', never)).toMatchObject({ version: 'v-1-1000' })
    })

    it('what broke off is written over by the next file', async () => {
      const destination = make()
      for (let seed = 1; seed <= 5; seed++) {
        const broken = fakeBinary({ size: 100_000, seed, failAt: 50_000 })
        await expect(destination.put(`sub/${seed}.png`, broken, {}, never)).rejects.toThrow('broke off')
      }
      expect((await all()).filter((name) => name.startsWith('sub/'))).toHaveLength(1)
      const whole = fakeBinary({ size: 2_000 })
      await destination.put('sub/a.png', whole, {}, never)
      expect((await readdir(join(server.root, 'sub'))).sort()).toEqual(['.a.png.version', 'a.png'])
    })

    it('cannot remove, and says so', async () => {
      const destination = make()
      await put(destination, 'a.png')
      for (let times = 0; times < 3; times++) {
        await expect(destination.remove?.('a.png', never)).rejects.toMatchObject({
          failureClass: 'systemic',
          code: 'SFTP_FORBIDDEN',
          message: expect.stringContaining('may not delete'),
        })
      }
      await destination.remove?.('never-there.png', never)
      expect((await all()).filter((name) => name.includes('probe'))).toHaveLength(1)
    })

    it('the check leaves one file, however often it runs', async () => {
      const reports = [await make().check(never), await make().check(never), await make().check(never)]
      for (const report of reports) expect(report.find(({ ok }) => !ok)).toMatchObject({ right: 'delete' })
      expect((await all()).filter((name) => name.includes('bridge-check'))).toHaveLength(1)
    })
  })

  it('with inPlace nothing is renamed, and what broke off has no version', async () => {
    deny((request) => request === 'RENAME')
    const destination = make({ inPlace: true, trigger: '*.done' })
    await put(destination, 'sub/a.png', 1_000, 1)
    await put(destination, 'sub/a.png', 2_000, 2)
    expect(await destination.head?.('sub/a.png', never)).toMatchObject({ version: 'v-2-2000', size: 2_000 })
    const previous = await destination.head?.('sub/a.png', never)
    const broken = fakeBinary({ size: 100_000, seed: 3, failAt: 50_000 })
    await expect(destination.put('sub/a.png', broken, previous ? { previous } : {}, never)).rejects.toThrow(
      'broke off',
    )
    expect(await destination.head?.('sub/a.png', never)).toBeUndefined()
    await put(destination, 'sub/a.png', 3_000, 4)
    expect((await all()).sort()).toEqual(['sub/.a.png.version', 'sub/a.png', 'sub/a.png.done'])
    expect((await destination.check(never)).filter(({ ok }) => !ok)).toEqual([])
  })

  it('with visible names no name begins with a dot, and the files of the app are no keys', async () => {
    deny((request, path) => /OPEN|MKDIR|RENAME/.test(request) && basename(path).startsWith('.'))
    const destination = make({ ownNames: 'visible', trigger: '*.done' })
    await put(destination, 'sub/a.png', 1_000, 1)
    await put(destination, 'sub/a.png', 2_000, 2)
    expect(await destination.head?.('sub/a.png', never)).toMatchObject({ version: 'v-2-2000' })
    expect((await all()).sort()).toEqual(['sub/a.png', 'sub/a.png.bridge-version', 'sub/a.png.done'])
    expect((await destination.check(never)).filter(({ ok }) => !ok)).toEqual([])
    for (const key of ['a.bridge-version', 'x.0123456789abcdef.bridge-part'])
      await expect(put(destination, key)).rejects.toMatchObject({ code: 'KEY_REFUSED' })
  })
})

describe('sftp at a server whose renames change the time of a file', () => {
  it('knows the version all the same', async () => {
    const server = await startPlainSftpServer()
    try {
      server.renameMovesTime = 5
      const destination = sftp().create(contextOf(server.inputs))
      const stored = await destination.put('sub/a.png', fakeBinary({ size: 1_000 }), {}, never)
      expect(await destination.head?.('sub/a.png', never)).toEqual(stored)
      expect((await listBelow(server.root, 'all')).sort()).toEqual(['sub/.a.png.version', 'sub/a.png'])
    } finally {
      await server.close()
    }
  })
})
