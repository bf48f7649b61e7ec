import { mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AssetView } from '../../sandbox/aem/author'
import type { JsonObject } from '../../sandbox/json'
import { startAzurite } from '../../sandbox/targets/azurite'
import { startHttpsEndpoint } from '../../sandbox/targets/https-endpoint'
import { startPlainSftpServer } from '../../sandbox/targets/plain-sftp-server'
import { listBelow } from '../../sandbox/targets/ssh-server'
import { startStrictS3 } from '../../sandbox/targets/strict-s3'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

/** A destination, and how somebody else changes it. */
type Target = {
  env: Record<string, string>
  list(): Promise<string[]>
  lose(key: string): Promise<void>
  putForeign(key: string, bytes: Buffer): Promise<void>
  close(): Promise<void>
}

const targets = {
  folder: async (): Promise<Target> => {
    const root = await mkdtemp(join(tmpdir(), 'bridge-verify-'))
    return { env: { FOLDER_ROOT: root }, ...inFolder(root), close: () => rm(root, { recursive: true }) }
  },
  sftp: async (): Promise<Target> => {
    const server = await startPlainSftpServer()
    return { env: { ...server.inputs }, ...inFolder(server.root), close: () => server.close() }
  },
  s3: async (): Promise<Target> => {
    const server = await startStrictS3()
    return {
      env: { ...server.inputs },
      list: async () => [...server.objects.keys()],
      lose: async (key) => void server.objects.delete(key),
      putForeign: async (key, bytes) => {
        server.objects.set(key, { bytes, etag: '"foreign"', mediaType: undefined, version: undefined })
      },
      close: server.close,
    }
  },
  azure: async (): Promise<Target> => {
    const azurite = await startAzurite()
    const container = azurite.service.getContainerClient(azurite.container)
    return {
      env: { AZURE_BLOB_SAS_URL: azurite.sasUrl() },
      list: async () => {
        const names: string[] = []
        for await (const { name } of container.listBlobsFlat()) names.push(name)
        return names
      },
      lose: async (key) => void (await container.deleteBlob(key)),
      putForeign: async (key, bytes) =>
        void (await container.getBlockBlobClient(key).upload(bytes, bytes.length)),
      close: azurite.close,
    }
  },
}

function inFolder(root: string): Pick<Target, 'list' | 'lose' | 'putForeign'> {
  return {
    list: () => listBelow(root),
    lose: (key) => unlink(join(root, key)),
    putForeign: (key, bytes) => writeFile(join(root, key), bytes),
  }
}

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const commands = createCommands(() => receiver.sandbox.operatorEnv())
const published = { isPublishedToAemPublish: true, 'aem:published': '2030-01-01T00:00:00Z' }
const withdrawn = { isPublishedToAemPublish: false }
let folders = 0

function addAsset(path: string, destination: string, repository: JsonObject = {}): AssetView {
  return receiver.sandbox.aem.addAsset({
    path,
    content: { size: 5_000, seed: path },
    assetMetadata: { exportDestination: destination },
    repositoryMetadata: { ...published, ...repository },
  })
}

const edit = (id: string, repository: JsonObject): unknown =>
  receiver.sandbox.aem.edit(id, (asset) => {
    Object.assign(asset.repositoryMetadata, repository)
  })

describe.each(Object.entries(targets))('bridge verify %s', (name, start) => {
  let target: Target
  beforeAll(async () => {
    target = await start()
  })
  afterAll(() => target.close())

  async function verify(...args: string[]) {
    const { code, stdout, stderr } = await commands(['verify', name, '--json', ...args], target.env)
    expect(stderr).toBe('')
    return { code, ...JSON.parse(stdout) }
  }

  test('names what is missing, stale and too much, and mends it', async () => {
    const folder = `/content/dam/verify-${++folders}`
    const key = (file: string) => `${folder.slice('/content/dam/'.length)}/${file}`
    const files = ['fine.png', 'lost.png', 'old.png', 'taken.png', 'gone.png', 'withdrawn.png', 'moved.png']
    const assets = new Map(files.map((file) => [file, addAsset(`${folder}/${file}`, name)]))
    const idOf = (file: string): string => assets.get(file)?.id ?? ''
    addAsset(`${folder}/draft.png`, name, withdrawn)
    addAsset(`${folder}/elsewhere.png`, 'marketo')
    const scope = ['--folder', folder]

    expect(await verify(...scope)).toMatchObject({ code: 1, checked: 7, inStep: 0, missing: { length: 7 } })
    expect(await verify(...scope, '--repair')).toMatchObject({ code: 0, repaired: 7 })
    expect(await verify(...scope)).toEqual({
      code: 0,
      checked: 7,
      inStep: 7,
      missing: [],
      stale: [],
      orphaned: [],
    })

    await target.lose(key('lost.png'))
    receiver.sandbox.aem.replaceContent(idOf('old.png'), { size: 6_000, seed: 'new' })
    await target.putForeign(key('taken.png'), Buffer.from('of another program'))
    await target.putForeign(key('foreign.png'), Buffer.from('of another program'))
    receiver.sandbox.aem.removeAsset(idOf('gone.png'))
    edit(idOf('withdrawn.png'), withdrawn)
    receiver.sandbox.aem.move(idOf('moved.png'), `${folder}/moved-there.png`)

    const named = (...all: string[]) => all.map((file) => ({ key: key(file), path: `${folder}/${file}` }))
    const expected = {
      checked: 5,
      inStep: 1,
      missing: expect.arrayContaining(named('lost.png', 'moved-there.png')),
      stale: expect.arrayContaining(named('old.png', 'taken.png')),
      orphaned: expect.arrayContaining([
        ...named('gone.png', 'withdrawn.png'),
        { key: key('moved.png'), path: `${folder}/moved-there.png` },
      ]),
    }
    const found = await verify(...scope)
    expect(found).toEqual({ code: 1, ...expected })
    expect([found.missing.length, found.stale.length, found.orphaned.length]).toEqual([2, 2, 3])

    // Nobody can be asked here.
    const unasked = await commands(['verify', name, ...scope, '--remove-orphans', '--json'], target.env)
    expect(unasked).toMatchObject({ code: 2, stdout: expect.stringContaining('--yes') })
    expect(await verify(...scope)).toEqual({ code: 1, ...expected })

    expect(await verify(...scope, '--repair', '--remove-orphans', '--yes')).toEqual({
      code: 0,
      ...expected,
      repaired: 4,
      removed: 3,
    })
    expect(await verify(...scope)).toMatchObject({ code: 0, checked: 5, inStep: 5, orphaned: [] })
    const left = (await target.list()).filter((held) => held.startsWith(key('')))
    expect(left.sort()).toEqual(
      ['fine.png', 'foreign.png', 'lost.png', 'moved-there.png', 'old.png', 'taken.png'].map(key).sort(),
    )
  })
})

describe('bridge verify', () => {
  let target: Target
  beforeEach(async () => {
    target = await targets.folder()
  })
  afterEach(() => target.close())

  const verify = async (...args: string[]) => {
    const { code, stdout } = await commands(['verify', 'folder', '--json', ...args], target.env)
    return { code, ...JSON.parse(stdout) }
  }

  test('looks below the folder only, and finds what is too much elsewhere without one', async () => {
    const [one, other] = [`/content/dam/verify-${++folders}`, `/content/dam/verify-${++folders}`]
    const [inside, outside] = [addAsset(`${one}/a.png`, 'folder'), addAsset(`${other}/a.png`, 'folder')]
    expect(await verify('--folder', one, '--repair')).toMatchObject({ code: 0, repaired: 1 })
    expect(await verify('--folder', other, '--repair')).toMatchObject({ code: 0, repaired: 1 })
    edit(inside.id, withdrawn)
    edit(outside.id, withdrawn)
    const orphans = async (...args: string[]) =>
      (await verify(...args)).orphaned.map(({ path }: { path: string }) => path)
    expect(await orphans('--folder', one)).toEqual([inside.path])
    expect(await orphans()).toEqual([inside.path, outside.path])
  })

  test('a binary that waits for its next publication is neither stale nor too much', async () => {
    const folder = `/content/dam/verify-${++folders}`
    const asset = addAsset(`${folder}/a.png`, 'folder')
    await verify('--folder', folder, '--repair')
    receiver.sandbox.aem.edit(asset.id, ({ assetMetadata, repositoryMetadata }) => {
      repositoryMetadata['aem:published'] = '2025-01-01T00:00:00Z'
      assetMetadata['dam:extracted'] = '2025-01-02T00:00:00Z'
    })
    expect(await verify('--folder', folder)).toMatchObject({
      code: 0,
      checked: 0,
      missing: [],
      stale: [],
      orphaned: [],
    })
  })

  test('files of a version without ids are compared by their keys', async () => {
    const folder = `/content/dam/verify-${++folders}`
    const [kept, gone] = [addAsset(`${folder}/kept.png`, 'folder'), addAsset(`${folder}/gone.png`, 'folder')]
    await verify('--folder', folder, '--repair')
    const root = join(target.env.FOLDER_ROOT ?? '', folder.slice('/content/dam/'.length))
    for (const note of (await readdir(root)).filter((file) => file.endsWith('.version'))) {
      const { asset: id, ...before } = JSON.parse(await readFile(join(root, note), 'utf8'))
      expect([kept.id, gone.id]).toContain(id)
      await writeFile(join(root, note), JSON.stringify(before))
    }
    expect(await verify('--folder', folder)).toMatchObject({ code: 0, inStep: 2 })
    receiver.sandbox.aem.removeAsset(gone.id)
    expect(await verify('--folder', folder)).toMatchObject({ code: 1, orphaned: [{ path: gone.path }] })
  })

  test('tells to people the same, and asks before it removes', async () => {
    const folder = `/content/dam/verify-${++folders}`
    const { id } = addAsset(`${folder}/a.png`, 'folder')
    const told = await commands(['verify', 'folder', '--folder', folder], target.env)
    const key = `${folder.slice('/content/dam/'.length)}/a.png`
    expect(told).toMatchObject({ code: 1, stderr: '' })
    expect(told.stdout).toBe(
      `missing  ${key}  ${folder}/a.png\n1 files are due at folder: 0 in step, 1 missing, 0 stale, 0 orphaned\n`,
    )
    await verify('--folder', folder, '--repair')
    edit(id, withdrawn)
    const args = ['verify', 'folder', '--folder', folder, '--remove-orphans']
    const refused = await commands(args, target.env, { answer: false })
    expect(refused).toMatchObject({ code: 1, asked: [expect.stringContaining('folder')] })
    expect(await target.list()).toEqual([key])
    expect(await commands(args, target.env, { answer: true })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ 1 orphaned\nsince then: 1 files removed\n$/),
    })
    expect(await target.list()).toEqual([])
  })

  test('a destination that cannot list says so; one that tells nothing is not in step', async () => {
    const endpoint = await startHttpsEndpoint()
    const env = { HTTPS_URL: `${endpoint.url}/files/{key}`, HTTPS_HEAD: 'X-Held-Version' }
    const folder = `/content/dam/verify-${++folders}`
    addAsset(`${folder}/a.png`, 'https')
    const ask = async (inputs: Record<string, string>, ...args: string[]) => {
      const run = await commands(['verify', 'https', '--folder', folder, '--json', ...args], inputs)
      return { code: run.code, ...JSON.parse(run.stdout) }
    }
    expect(await ask(env)).toMatchObject({ code: 1, missing: { length: 1 }, unknown: ['orphaned'] })
    expect(await ask(env, '--repair')).toMatchObject({ code: 0, repaired: 1 })
    expect(await ask(env)).toMatchObject({ code: 0, inStep: 1, unknown: ['orphaned'] })
    expect(await ask({ HTTPS_URL: env.HTTPS_URL })).toMatchObject({
      code: 1,
      unknown: ['missing', 'stale', 'orphaned'],
    })
    await endpoint.close()
  })

  test('a destination that is not set up, and a folder that is none', async () => {
    expect(JSON.parse((await commands(['verify', 'nowhere', '--json'])).stdout)).toMatchObject({
      error: { code: 'DESTINATION_UNKNOWN' },
    })
    expect((await commands(['verify', 'folder', '--folder', '/content/other'])).code).toBe(2)
  })
})
