import { missingDropbear, startDropbear } from '../../sandbox/targets/dropbear'
import { missingMySecureShell, startMySecureShell } from '../../sandbox/targets/mysecureshell'
import { missingOpenSsh, type OpenSsh, startOpenSsh } from '../../sandbox/targets/openssh'
import { missingProftpd, type ProftpdRules, startProftpd } from '../../sandbox/targets/proftpd'
import { missingRclone, startRcloneSftp } from '../../sandbox/targets/rclone'
import { startS3Server } from '../../sandbox/targets/s3-server'
import { listBelow, readBelow, type SshServer } from '../../sandbox/targets/ssh-server'
import { type SftpOptions, sftp } from '../../src/connectors/sftp/destination'
import { systemClock } from '../../src/core/clock'
import type { Destination } from '../../src/plugin/destination'
import { contextOf } from '../connectors/kit/destination-context'
import { type FakeBinary, fakeBinary } from '../connectors/kit/fake-binary'
import { startCall } from '../support/call'
import { describeWhere } from '../support/describe-where'

const never = startCall()

/** Runs work at a server that is started for it. */
async function at<Server extends SshServer>(
  starting: Promise<Server>,
  work: (
    server: Server,
    make: (options?: SftpOptions, more?: Record<string, string>) => Destination,
  ) => Promise<void>,
): Promise<void> {
  const server = await starting
  try {
    await work(server, (options = {}, more = {}) =>
      sftp(options).create(contextOf({ ...server.inputs, ...more })),
    )
  } finally {
    await server.close()
  }
}

async function put(destination: Destination, key: string, source: FakeBinary): Promise<void> {
  const previous = await destination.head?.(key, never)
  await destination.put(key, source, previous ? { previous } : {}, never)
}

/** Two versions of two files, read back past the app. */
async function putAndReplace(server: SshServer, destination: Destination): Promise<void> {
  for (const seed of [1, 2]) {
    for (const key of ['shop/lamp.png', 'shop/new/ä b.png']) {
      const source = fakeBinary({ size: 100_000 * seed, seed })
      await put(destination, key, source)
      expect((await readBelow(server.root, key))?.equals(source.bytes())).toBe(true)
    }
  }
}

const knows = async (destination: Destination, key: string) => (await destination.head?.(key, never))?.version

describeWhere('ProFTPD with mod_sftp', missingProftpd, () => {
  const denied = (...commands: string[]): ProftpdRules => ({ denied: commands })

  it('without limits stores, replaces, tells versions and removes', async () => {
    await at(startProftpd(), async (server, make) => {
      const destination = make()
      await putAndReplace(server, destination)
      expect(await knows(destination, 'shop/lamp.png')).toBe('v-2-200000')
      for (const key of ['shop/lamp.png', 'shop/new/ä b.png']) await destination.remove?.(key, never)
      expect(await listBelow(server.root, 'all')).toEqual([])
      expect((await destination.check(never)).filter(({ ok }) => !ok)).toEqual([])
    })
  })

  it('without READ files arrive, and their version is unknown', async () => {
    await at(startProftpd(denied('READ')), async (server, make) => {
      await putAndReplace(server, make())
      expect(await make().head?.('shop/lamp.png', never)).toMatchObject({ version: undefined, size: 200_000 })
      expect((await make().check(never)).filter(({ ok }) => !ok)).toMatchObject([{ right: 'read' }])
    })
  })

  it.each([
    ['DIRS', denied('DIRS')],
    ['READ and DIRS', denied('READ', 'DIRS')],
    ['RNFR, RNTO and RENAME', denied('RNFR', 'RNTO', 'RENAME')],
  ])('without %s files arrive with inPlace, and the message says so', async (_what, rules) => {
    await at(startProftpd(rules), async (server, make) => {
      const strict = make()
      for (const key of ['a.png', 'shop/b.png', 'shop/b.png']) {
        await expect(put(strict, key, fakeBinary({ size: 1_000 }))).rejects.toMatchObject({
          failureClass: 'systemic',
          code: 'SFTP_FORBIDDEN',
          message: expect.stringMatching(/rename.*inPlace/),
        })
      }
      expect(await listBelow(server.root, 'all')).toEqual([])
      await putAndReplace(server, make({ inPlace: true }))
    })
  })

  it('without DELE files arrive with their versions, and nothing grows', async () => {
    await at(startProftpd(denied('DELE')), async (server, make) => {
      for (let container = 0; container < 3; container++) {
        const destination = make()
        await putAndReplace(server, destination)
        expect(await knows(destination, 'shop/lamp.png')).toBe('v-2-200000')
        for (const seed of [1, 2, 3]) {
          const broken = fakeBinary({ size: 100_000, seed, failAt: 50_000 })
          await expect(destination.put(`shop/${seed}.png`, broken, {}, never)).rejects.toThrow('broke off')
          await expect(destination.remove?.('shop/lamp.png', never)).rejects.toMatchObject({
            failureClass: 'systemic',
            code: 'SFTP_FORBIDDEN',
          })
        }
        // What broke off is used again by the next file of the container.
        await put(destination, `shop/${container}.png`, fakeBinary({ size: 10 }))
      }
      const own = (await listBelow(server.root, 'all')).filter((name) => name.endsWith('.part'))
      expect(own).toHaveLength(1)
      expect(own[0]).toContain('probe')
    })
  })

  it('without hidden names files arrive with visible ones, and the message says so', async () => {
    const rules = { more: ['PathDenyFilter "(^|/)\\\\.[^/]*$"'] }
    await at(startProftpd(rules), async (server, make) => {
      await expect(put(make(), 'shop/a.png', fakeBinary({ size: 10 }))).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'SFTP_FORBIDDEN',
        message: expect.stringContaining('ownNames'),
      })
      expect(await listBelow(server.root, 'all')).toEqual([])
      const destination = make({ ownNames: 'visible' })
      await putAndReplace(server, destination)
      expect(await knows(destination, 'shop/lamp.png')).toBe('v-2-200000')
    })
  })

  it('without MKD the account is named, not the file', async () => {
    await at(startProftpd(denied('MKD', 'XMKD')), async (_server, make) => {
      await expect(put(make(), 'shop/a.png', fakeBinary({ size: 10 }))).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'SFTP_FORBIDDEN',
      })
      await put(make(), 'a.png', fakeBinary({ size: 10 }))
    })
  })

  it('with one session for the account goes on by that one', async () => {
    await at(startProftpd({ more: ['MaxClientsPerUser 1'] }), oneSession)
  })
})

describeWhere('MySecureShell', missingMySecureShell, () => {
  it('stores, replaces and tells versions', async () => {
    await at(startMySecureShell({ connections: 5 }), async (server, make) => {
      await putAndReplace(server, make())
      expect(await knows(make(), 'shop/lamp.png')).toBe('v-2-200000')
    })
  })

  it('with one session for the account, its default, goes on by that one', async () => {
    await at(startMySecureShell({ connections: 1 }), oneSession)
  })
})

async function oneSession(server: SshServer, make: (options?: SftpOptions) => Destination): Promise<void> {
  const destination = make()
  const sources = Array.from({ length: 10 }, (_, seed) => fakeBinary({ size: 50_000, seed: seed + 1 }))
  await Promise.all(sources.map((source, index) => put(destination, `shop/${index}.png`, source)))
  expect(await listBelow(server.root)).toHaveLength(10)
  await expect(make().head?.('shop/0.png', never)).rejects.toMatchObject({
    failureClass: 'transient',
    code: 'SFTP_BUSY',
    message: expect.stringContaining('connections'),
  })
  await put(destination, 'shop/0.png', fakeBinary({ size: 10, seed: 99 }))
}

describeWhere('Dropbear with OpenSSH’s sftp-server', missingDropbear, () => {
  it('stores, replaces and tells versions', async () => {
    await at(startDropbear(), async (server, make) => {
      await putAndReplace(server, make())
      expect(await knows(make(), 'shop/lamp.png')).toBe('v-2-200000')
    })
  })
})

describeWhere('OpenSSH', missingOpenSsh, () => {
  it.each(['publickey,password', 'password,publickey', 'publickey', 'password'])(
    'with AuthenticationMethods %s lets the user in',
    async (methods) => {
      await at(startOpenSsh({ methods }), async (_server, make) => {
        expect(await knows(make(), 'a.png')).toBeUndefined()
      })
    },
  )

  it('is known by any of its host keys, and by no other one', async () => {
    await at(startOpenSsh({ methods: 'publickey' }), async (server: OpenSsh, make) => {
      for (const SFTP_HOST_KEY_SHA256 of Object.values(server.fingerprints)) {
        const destination = make({}, { SFTP_HOST_KEY_SHA256 })
        await Promise.all(
          [1, 2, 3].map((seed) => put(destination, `${seed}.png`, fakeBinary({ size: 10, seed }))),
        )
      }
      expect(Object.keys(server.fingerprints)).toEqual(['ed25519', 'ecdsa', 'rsa'])
      await expect(
        make({}, { SFTP_HOST_KEY_SHA256: 'ab'.repeat(32) }).head?.('a.png', never),
      ).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'SFTP_HOST_KEY',
        message: expect.stringContaining(server.fingerprints.ed25519 ?? 'none'),
      })
    })
  })

  it.each([[['-algorithm', 'RSA']], [['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']]])(
    'takes a key that OpenSSL 3 makes: genpkey %j',
    async (options) => {
      await at(startOpenSsh({ methods: 'publickey' }), async (server: OpenSsh, make) => {
        const SFTP_PRIVATE_KEY = await server.createKey(...options)
        expect(SFTP_PRIVATE_KEY).toContain('BEGIN PRIVATE KEY')
        expect(await knows(make({}, { SFTP_PRIVATE_KEY }), 'a.png')).toBeUndefined()
      })
    },
  )
})

describeWhere('rclone serve sftp', missingRclone, () => {
  it('over a folder stores, replaces and tells versions', async () => {
    await at(startRcloneSftp(), async (server, make) => {
      await putAndReplace(server, make())
      expect(await knows(make(), 'shop/lamp.png')).toBe('v-2-200000')
    })
  })

  it('over an object store that dates a file anew with its rename still tells versions', async () => {
    const store = await startS3Server()
    try {
      await at(startRcloneSftp(store.inputs), async (server) => {
        const destination = sftp().create(contextOf(server.inputs, { clock: systemClock }))
        const source = fakeBinary({ size: 3_000 })
        await put(destination, 'shop/lamp.png', source)
        expect((await store.read('shop/lamp.png'))?.equals(source.bytes())).toBe(true)
        expect(await knows(destination, 'shop/lamp.png')).toBe(source.version)
      })
    } finally {
      await store.close()
    }
  })
})
