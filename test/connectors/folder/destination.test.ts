import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listBelow, readBelow } from '../../../sandbox/targets/ssh-server'
import { folder } from '../../../src/connectors/folder/destination'
import { startCall } from '../../support/call'
import { describeWhere } from '../../support/describe-where'
import { expectFailed } from '../kit/check-report'
import { describeDestination } from '../kit/conformance'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

describeDestination({
  name: 'folder',
  capabilities: ['head', 'remove', 'list', 'atomic'],
  start: async () => {
    const above = await mkdtemp(join(tmpdir(), 'bridge-folder-'))
    const root = join(above, 'made/by/us')
    const blocked = join(above, 'blocked')
    await writeFile(blocked, 'a file where the root should be')
    return {
      destination: folder().create(contextOf({ FOLDER_ROOT: root })),
      read: (key) => readBelow(root, key),
      list: () => listBelow(root),
      listAll: () => listBelow(root, 'all'),
      putForeign: (key, bytes) => writeFile(join(root, key), bytes),
      breakIt: { unreachable: () => folder().create(contextOf({ FOLDER_ROOT: blocked })) },
      close: () => rm(above, { recursive: true }),
    }
  },
})

const never = startCall()
const isSuperuser = process.getuid?.() === 0
const canMount = isSuperuser && tryToMount()

describe('folder', () => {
  let above: string
  let root: string
  let destination: ReturnType<ReturnType<typeof folder>['create']>

  beforeEach(async () => {
    above = await mkdtemp(join(tmpdir(), 'bridge-folder-'))
    root = join(above, 'root')
    destination = folder().create(contextOf({ FOLDER_ROOT: root }))
  })
  afterEach(() => rm(above, { recursive: true, force: true }))

  const put = async (key: string, size = 1_000, seed = 1) => {
    const previous = await destination.head?.(key, never)
    return destination.put(key, fakeBinary({ size, seed }), previous ? { previous } : {}, never)
  }

  it('is on when its root is set, by the input or in the configuration', () => {
    expect(folder().isOn(contextOf({}))).toBe(false)
    expect(folder().isOn(contextOf({ FOLDER_ROOT: '/x' }))).toBe(true)
    expect(folder({ root: '/x' }).isOn(contextOf({}))).toBe(true)
  })

  it('refuses a root that is not absolute', () => {
    expect(() => folder().create(contextOf({ FOLDER_ROOT: 'out' }))).toThrow(
      expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }),
    )
  })

  it('says nothing about a root that is not there yet, and creates none by looking', async () => {
    expect(await destination.head?.('a.png', never)).toBeUndefined()
    expect(await readdir(above)).toEqual([])
  })

  it('does not write, look or remove behind a link that leads out of the root', async () => {
    await put('a.png')
    await mkdir(join(above, 'elsewhere'))
    await writeFile(join(above, 'elsewhere/b.png'), 'not ours')
    await symlink(join(above, 'elsewhere'), join(root, 'out'))
    const refusal = { failureClass: 'permanent', code: 'FOLDER_LEAVES_ROOT' }
    for (const key of ['out/b.png', 'out/deep/b.png']) {
      await expect(destination.put(key, fakeBinary({ size: 1 }), {}, never)).rejects.toMatchObject(refusal)
    }
    await expect(destination.head?.('out/b.png', never)).rejects.toMatchObject(refusal)
    await expect(destination.remove?.('out/b.png', never)).rejects.toMatchObject(refusal)
    expect(await readdir(join(above, 'elsewhere'))).toEqual(['b.png'])
  })

  it('replaces a link in place of a file, and leaves alone what it points at', async () => {
    await put('a.png')
    await writeFile(join(above, 'other'), 'not ours')
    await symlink(join(above, 'other'), join(root, 'b.png'))
    expect(await destination.head?.('b.png', never)).toMatchObject({ version: undefined })
    await put('b.png', 10)
    expect((await readFile(join(root, 'b.png'))).length).toBe(10)
    expect(await readFile(join(above, 'other'), 'utf8')).toBe('not ours')
  })

  it('follows a link that stays below the root', async () => {
    await put('real/a.png')
    await symlink(join(root, 'real'), join(root, 'alias'))
    await put('alias/b.png')
    expect(await listBelow(join(root, 'real'))).toEqual(expect.arrayContaining(['a.png', 'b.png']))
  })

  it('does not mistake a file that somebody changed for its own', async () => {
    await put('a.png')
    await appendFile(join(root, 'a.png'), 'x')
    expect(await destination.head?.('a.png', never)).toMatchObject({ version: undefined, size: 1_001 })
    await writeFile(join(root, 'b.png'), 'by hand')
    expect(await destination.head?.('b.png', never)).toMatchObject({ version: undefined, size: 7 })
    await expect(destination.put('b.png', fakeBinary({ size: 1 }), {}, never)).rejects.toMatchObject({
      code: 'DESTINATION_CHANGED',
    })
    await put('b.png', 5)
    expect(await destination.head?.('b.png', never)).toMatchObject({ version: 'v-1-5' })
  })

  it('does not trust a note that is damaged', async () => {
    await put('a.png')
    for (const text of [
      '',
      '{',
      '[]',
      '{"version":1}',
      '{"version":"v-1-1000"}',
      '{"version":"v-1-1000","file":""}',
    ]) {
      await writeFile(join(root, '.a.png.version'), text)
      expect(await destination.head?.('a.png', never)).toMatchObject({ version: undefined, size: 1_000 })
    }
  })

  it('clears its own leavings when they are a day old, and nobody else’s', async () => {
    const old = ['.a.png.0123456789abcdef.part', '.gone.0123456789abcdef.part']
    const kept = [
      '.b.png.0123456789abcdef.part',
      '.a.png.part',
      '.hidden',
      'a.0123456789abcdef.part',
      '.a.png.xyz.part',
    ]
    await mkdir(join(root, 'sub'), { recursive: true })
    for (const name of [...old, ...kept]) await writeFile(join(root, 'sub', name), 'x')
    const dayAgo = Date.now() / 1000 - 25 * 60 * 60
    for (const name of [...old, ...kept.slice(1)]) await utimes(join(root, 'sub', name), dayAgo, dayAgo)
    await put('sub/c.png')
    expect((await readdir(join(root, 'sub'))).sort()).toEqual([...kept, '.c.png.version', 'c.png'].sort())
  })

  it('calls what can never be stored permanent', async () => {
    await put('a.png')
    await mkdir(join(root, 'folder.png'))
    for (const key of [
      'folder.png',
      'a.png/b.png',
      `${'n'.repeat(256)}`,
      '../out.png',
      '.hidden',
      'a//b',
      '',
    ]) {
      await expect(destination.put(key, fakeBinary({ size: 1 }), {}, never)).rejects.toMatchObject({
        failureClass: 'permanent',
      })
    }
    expect((await readdir(root)).sort()).toEqual(['.a.png.version', 'a.png', 'folder.png'])
  })

  it('calls any trouble with its root systemic', async () => {
    await writeFile(join(above, 'file'), '')
    for (const wrong of [join(above, 'file'), join(above, 'file/below'), '/proc/bridge']) {
      const broken = folder().create(contextOf({ FOLDER_ROOT: wrong }))
      await expect(broken.put('sub/a.png', fakeBinary({ size: 1 }), {}, never)).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'FOLDER_ROOT_UNUSABLE',
      })
    }
  })

  describeWhere(
    'as a superuser, who may be another user',
    isSuperuser ? undefined : 'the tests do not run as root',
    () => {
      it('names in its check what it may not do, and leaves nothing behind', async () => {
        await chmod(above, 0o755)
        await mkdir(root)
        for (const [mode, right] of [
          [0o755, 'write'],
          [0o733, 'list'],
        ] as const) {
          await chmod(root, mode)
          // Everything is allowed to the superuser.
          process.seteuid?.(65_534)
          const report = await destination.check(never).finally(() => process.seteuid?.(0))
          expect(report.filter(({ ok }) => !ok)).toHaveLength(1)
          const failed = expectFailed(report)
          expect(failed).toMatchObject({ right, code: 'FOLDER_ROOT_UNUSABLE' })
          expect(failed.message).toContain('FOLDER_ROOT')
          expect(await readdir(root)).toEqual([])
        }
      })

      it('calls a root that it may not write systemic, a folder below permanent', async () => {
        await put('shut/a.png')
        await chmod(above, 0o755)
        await chmod(join(root, 'shut'), 0o755)
        // Everything is allowed to the superuser.
        process.seteuid?.(65_534)
        try {
          await chmod(root, 0o777).catch(() => undefined)
          await expect(put('shut/b.png')).rejects.toMatchObject({
            failureClass: 'systemic',
            code: 'FOLDER_ROOT_UNUSABLE',
          })
          process.seteuid?.(0)
          await chmod(root, 0o777)
          process.seteuid?.(65_534)
          await expect(put('shut/b.png')).rejects.toMatchObject({
            failureClass: 'permanent',
            code: 'FOLDER_REFUSED',
          })
          await put('open.png')
        } finally {
          process.seteuid?.(0)
        }
      })
    },
  )

  describeWhere('with a small disk', canMount ? undefined : 'this machine does not let us mount one', () => {
    const mounted = async (place: string, work: () => Promise<void>) => {
      await mkdir(place, { recursive: true })
      mount(place)
      try {
        await work()
      } finally {
        execFileSync('umount', [place])
      }
    }

    it(`calls a full disk systemic, and leaves nothing on it`, () =>
      mounted(root, async () => {
        await put('a.png', 1_000_000)
        for (const [key, seed] of [
          ['b.png', 1],
          ['a.png', 2],
        ] as const) {
          await expect(put(key, 4_000_000, seed)).rejects.toMatchObject({
            failureClass: 'systemic',
            code: 'FOLDER_UNWRITABLE',
          })
        }
        expect((await readdir(root)).sort()).toEqual(['.a.png.version', 'a.png'])
        expect(await destination.head?.('a.png', never)).toMatchObject({ version: 'v-1-1000000' })
      }))

    it(`writes to another disk below the root`, () =>
      mounted(join(root, 'other'), async () => {
        await put('other/a.png', 1_000)
        await put('other/a.png', 2_000)
        expect(await destination.head?.('other/a.png', never)).toMatchObject({ version: 'v-1-2000' })
      }))
  })
})

function mount(place: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place], { stdio: 'ignore' })
}

function tryToMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'bridge-mount-'))
  try {
    mount(place)
    execFileSync('umount', [place])
    return true
  } catch {
    return false
  } finally {
    rmdirSync(place)
  }
}
