import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type PlainSftpServer, startPlainSftpServer } from '../../../sandbox/targets/plain-sftp-server'
import {
  freePort,
  hasSshd,
  listBelow,
  readBelow,
  type SshServer,
  startSshd,
} from '../../../sandbox/targets/ssh-server'
import { type CampaignOptions, campaign } from '../../../src/connectors/campaign/destination'
import { sftp } from '../../../src/connectors/sftp/destination'
import { createRedactor } from '../../../src/core/redaction'
import { flatName } from '../../../src/plugin/flat-name'
import { describeDestination, type StartedDestination } from '../kit/conformance'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

const never = new AbortController().signal

/** The inputs of a server under the names that Campaign's have. */
const asCampaign = (inputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`CAMPAIGN_${name}`, value]))

async function started(
  server: SshServer,
  wrong: Record<string, string>,
  options: CampaignOptions = {},
): Promise<StartedDestination> {
  const nowhere = `sftp://bridge@127.0.0.1:${await freePort()}/`
  const make = (more: Record<string, string> = {}) =>
    campaign(options).create(contextOf({ ...asCampaign(server.inputs), ...more }))
  return {
    destination: make(),
    read: (key) => readBelow(server.root, key),
    list: async () => (await listBelow(server.root)).filter((name) => !name.endsWith('.done')),
    secrets: server.secrets,
    breakIt: {
      wrongCredentials: () => make(asCampaign(wrong)),
      unreachable: () => make({ CAMPAIGN_SFTP_URL: nowhere }),
    },
    close: () => server.close(),
  }
}

if (hasSshd) {
  describeDestination({
    name: 'campaign (OpenSSH, with a trigger)',
    start: async () => {
      const [server, stranger] = await Promise.all([startSshd(), startSshd()])
      await stranger.close()
      const wrong = { SFTP_PRIVATE_KEY: stranger.inputs.SFTP_PRIVATE_KEY ?? '' }
      return started(server, wrong, { trigger: '*.done' })
    },
  })
} else {
  it.skip('destination campaign (OpenSSH): there is no /usr/sbin/sshd here', () => undefined)
}

describeDestination({
  name: 'campaign (a server without extensions)',
  except: { 'shows the old file or the new one while it overwrites': 'the server cannot rename over a file' },
  start: async () => started(await startPlainSftpServer(), { SFTP_PASSWORD: 'another password' }),
})

describe('campaign', () => {
  let server: PlainSftpServer
  beforeEach(async () => {
    server = await startPlainSftpServer()
  })
  afterEach(() => server.close())

  const make = (options: CampaignOptions = {}) =>
    campaign({ connections: 1, ...options }).create(contextOf(asCampaign(server.inputs)))
  const file = (seed = 1) => fakeBinary({ seed, size: 1_000 })
  const text = (name: string) => readFile(join(server.root, name), 'utf8')
  const visible = async () => (await listBelow(server.root)).sort()
  /** As the flow does it: nothing when the version is there. */
  async function deliver(destination: ReturnType<typeof make>, key: string, source = file()): Promise<void> {
    const previous = await destination.head?.(key, never)
    if (previous?.version === source.version) return
    await destination.put(key, source, { signal: never, ...(previous ? { previous } : {}) })
  }

  it('has inputs of its own, and names them', async () => {
    expect(campaign().isOn(contextOf(server.inputs))).toBe(false)
    expect(campaign().isOn(contextOf(asCampaign(server.inputs)))).toBe(true)
    const inputs = { ...asCampaign(server.inputs), CAMPAIGN_SFTP_HOST_KEY_SHA256: undefined }
    expect(() => campaign().create(contextOf(inputs))).toThrow('CAMPAIGN_SFTP_HOST_KEY_SHA256')
    const wrong = { ...asCampaign(server.inputs), CAMPAIGN_SFTP_PASSWORD: 'hunter22' }
    const redactor = createRedactor()
    await expect(campaign().create(contextOf(wrong, redactor)).head?.('a.png', never)).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'SFTP_UNAUTHORIZED',
      message: expect.stringContaining('CAMPAIGN_SFTP_PRIVATE_KEY'),
    })
    expect(redactor.text('hunter22')).toBe('[redacted]')
  })

  it('puts files where their keys say, or all into one folder', async () => {
    await deliver(make(), 'shop/Lamp.png')
    await deliver(make({ flat: true }), 'shop/Lamp.png')
    const name = flatName('shop/Lamp.png')
    expect(await visible()).toEqual([name, 'shop/Lamp.png'].sort())
    const destination = make({ flat: true })
    expect(await destination.head?.('shop/Lamp.png', never)).toMatchObject({ version: 'v-1-1000' })
    await destination.remove?.('shop/Lamp.png', never)
    expect(await visible()).toEqual(['shop/Lamp.png'])
  })

  it.each([
    ['*.done', 'shop/lamp.png.done'],
    ['ready-*', 'shop/ready-lamp.png'],
    ['import.done', 'import.done'],
    ['control/import.done', 'control/import.done'],
  ])('writes a trigger after the file: %s', async (trigger, expected) => {
    const order: string[] = []
    server.fault = (request, path) => {
      if (request === 'RENAME') order.push(path.replace(/^\//, ''))
      return undefined
    }
    await deliver(make({ trigger }), 'shop/lamp.png')
    expect(order).toEqual(['shop/lamp.png', expected])
    expect(await visible()).toEqual(['shop/lamp.png', expected].sort())
    expect(await text(expected)).toBe('shop/lamp.png\n')
  })

  it('writes none unless it is told to', async () => {
    await deliver(make(), 'lamp.png')
    expect(await visible()).toEqual(['lamp.png'])
  })

  it.each(['*.done', 'import.done'])(
    'tells of each new version anew, and of none twice: %s',
    async (trigger) => {
      const destination = make({ trigger })
      const place = trigger.replace('*', 'lamp.png')
      await deliver(destination, 'lamp.png', file(1))
      const longAgo = new Date('2020-01-01')
      await utimes(join(server.root, place), longAgo, longAgo)
      await deliver(destination, 'lamp.png', file(1))
      expect((await stat(join(server.root, place))).mtime).toEqual(longAgo)
      await deliver(destination, 'lamp.png', file(2))
      expect((await stat(join(server.root, place))).mtimeMs).toBeGreaterThan(Date.now() - 60_000)
      await rm(join(server.root, place))
      await deliver(destination, 'lamp.png', file(3))
      expect(await visible()).toEqual([place, 'lamp.png'].sort())
    },
  )

  it('takes a trigger back before its file goes; one for all stays', async () => {
    const gone: string[] = []
    server.fault = (request, path) => {
      if (request === 'REMOVE' && !path.includes('/.')) gone.push(path)
      return undefined
    }
    const own = make({ trigger: '*.done' })
    await deliver(own, 'a.png')
    await own.remove?.('a.png', never)
    expect(gone).toEqual(['/a.png.done', '/a.png'])
    const common = make({ trigger: 'import.done' })
    await deliver(common, 'b.png')
    await common.remove?.('b.png', never)
    expect(await visible()).toEqual(['import.done'])
  })

  it.each(['*.done', 'import.done'])(
    'wherever a run dies, a file of known version was told of, and the next run tells of the others: %s',
    async (trigger) => {
      const place = trigger.replace('*', 'lamp.png')
      let deaths = 0
      for (const isThere of [false, true]) {
        for (let step = 1; ; step++) {
          await rm(server.root, { recursive: true })
          await mkdir(server.root)
          if (isThere) {
            await deliver(make({ trigger }), 'lamp.png', file(1))
            // The workflow has seen it.
            await rm(join(server.root, place))
          }
          let requests = 0
          let died = false
          server.fault = () => {
            died = ++requests >= step
            return died ? 'cut' : undefined
          }
          await deliver(make({ trigger }), 'lamp.png', file(2)).catch(() => undefined)
          server.fault = () => undefined
          const held = await make({ trigger }).head?.('lamp.png', never)
          const told = (await visible()).includes(place)
          if (held?.version === 'v-2-1000') expect(told).toBe(true)
          await deliver(make({ trigger }), 'lamp.png', file(2))
          expect(await visible()).toEqual([place, 'lamp.png'].sort())
          expect((await readBelow(server.root, 'lamp.png'))?.equals(file(2).bytes())).toBe(true)
          if (!died) break
          deaths += 1
        }
      }
      expect(deaths).toBeGreaterThan(20)
    },
  )

  it('says that a file is not there when its trigger cannot be written, and tries again', async () => {
    const destination = make({ trigger: '*.done' })
    server.fault = (request, path) => (request === 'OPEN' && path.includes('.done') ? 3 : undefined)
    await expect(deliver(destination, 'lamp.png')).rejects.toMatchObject({ name: 'BridgeError' })
    expect((await destination.head?.('lamp.png', never))?.version).toBeUndefined()
    expect(await readdir(server.root)).toEqual(['lamp.png'])
    server.fault = () => undefined
    await deliver(destination, 'lamp.png')
    expect(await visible()).toEqual(['lamp.png', 'lamp.png.done'])
  })

  it('does not lose a trigger when runs overlap', async () => {
    const destination = make({ trigger: '*.done', connections: 2 })
    for (let round = 0; round < 10; round++) {
      const key = `${round}.png`
      await Promise.allSettled([1, 2, 3].map((seed) => deliver(destination, key, file(seed))))
      await deliver(destination, key, file(9))
      expect(await visible()).toEqual(expect.arrayContaining([key, `${key}.done`]))
    }
    expect((await readdir(server.root)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('refuses a file that is named as a trigger would be', async () => {
    for (const [trigger, key] of [
      ['*.done', 'shop/lamp.DONE'],
      ['*.done', 'shop.done/lamp.png'],
      ['import.done', 'Import.done'],
      ['import.done', 'import.done/lamp.png'],
      ['control/import.done', 'Control'],
    ] as const) {
      const refused = { failureClass: 'permanent', code: 'KEY_REFUSED' }
      await expect(deliver(make({ trigger }), key)).rejects.toMatchObject(refused)
    }
    expect(await readdir(server.root)).toEqual([])
    await writeFile(join(server.root, 'done'), '')
    await deliver(make({ trigger: '*.done' }), 'done.png')
  })

  it.each(['*', '**.done', '', '.done', 'a//b', '../x', '/x', 'sub/*.done', 'x.part', '*.part'])(
    'takes no trigger that could not be seen, or would be somewhere else: %p',
    (trigger) => {
      expect(() => make({ trigger })).toThrow(
        expect.objectContaining({ failureClass: 'systemic', code: 'CONFIG_INVALID' }),
      )
    },
  )

  it('is a preset: sftp can trigger, too', async () => {
    await sftp({ trigger: '*.ok' }).create(contextOf(server.inputs)).put('a.png', file(), { signal: never })
    expect(await visible()).toEqual(['a.png', 'a.png.ok'])
  })
})
