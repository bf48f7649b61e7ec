import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { type PlainSftpServer, startPlainSftpServer } from '../../../sandbox/targets/plain-sftp-server'
import { createKey, missingSshd, type SshServer, startSshd } from '../../../sandbox/targets/ssh-server'
import { sftp } from '../../../src/connectors/sftp/destination'
import { createRedactor } from '../../../src/core/redaction'
import { startCall } from '../../support/call'
import { describeWhere } from '../../support/describe-where'
import { contextOf } from '../kit/destination-context'

const never = startCall()

describe('how sftp gets to its server', () => {
  let server: PlainSftpServer
  beforeEach(async () => {
    server = await startPlainSftpServer()
  })
  afterEach(() => server.close())

  const make = (more: Record<string, string | undefined> = {}) =>
    sftp().create(contextOf({ ...server.inputs, ...more }))

  it('is off without SFTP_URL, and takes the inputs that it is told to', () => {
    expect(sftp().isOn(contextOf({}))).toBe(false)
    expect(sftp({ inputs: 'CAMPAIGN_SFTP' }).isOn(contextOf({ CAMPAIGN_SFTP_URL: 'sftp://a@b/c' }))).toBe(
      true,
    )
  })

  it.each([
    ['SFTP_URL', 'https://bridge@host/'],
    ['SFTP_URL', 'sftp://host/'],
    ['SFTP_URL', 'sftp://bridge:hunter22@host/'],
    ['SFTP_URL', 'sftp://bridge@host/?x'],
    ['SFTP_URL', 'sftp://bridge@host/%zz'],
    ['SFTP_HOST_KEY_SHA256', undefined],
    ['SFTP_HOST_KEY_SHA256', 'SHA256:short'],
    ['SFTP_HOST_KEY_SHA256', `${'a'.repeat(64)}, nonsense`],
    ['SFTP_PASSWORD', undefined],
  ])('names the input that is wrong: %s=%s', (input, value) => {
    const create = () => make({ [input]: value })
    expect(create).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
    expect(create).toThrow(input === 'SFTP_PASSWORD' ? 'SFTP_PRIVATE_KEY' : input)
    expect(create).not.toThrow('hunter22')
  })

  it.each(['sftp.example.com', 'bridge@sftp.example.com:22/inbox', 'sftp.example.com:22'])(
    'says how the URL begins: %s',
    (url) => expect(() => make({ SFTP_URL: url })).toThrow('SFTP_URL must begin with sftp://'),
  )

  it('makes its secrets known', () => {
    const redactor = createRedactor()
    sftp().create(contextOf({ ...server.inputs, SFTP_PASSPHRASE: 'open sesame' }, { redactor }))
    expect(redactor.text(`${server.inputs.SFTP_PASSWORD} open sesame`)).toBe('[redacted] [redacted]')
  })

  it('talks to no host but the one whose key it knows, and shows the other key', async () => {
    const shown = Buffer.from(server.inputs.SFTP_HOST_KEY_SHA256 ?? '', 'hex')
      .toString('base64')
      .replace(/=+$/, '')
    const put = make({ SFTP_HOST_KEY_SHA256: 'ab'.repeat(32) }).head?.('a.png', never)
    await expect(put).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'SFTP_HOST_KEY',
      message: expect.stringContaining(`SHA256:${shown}`),
    })
    expect(server.logins()).toBe(0)
  })

  it('accepts one of several keys, in any form', async () => {
    const hex = server.inputs.SFTP_HOST_KEY_SHA256 ?? ''
    const colons = hex.toUpperCase().replace(/..(?!$)/g, '$&:')
    const base64 = `SHA256:${Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '')}`
    const line = `256 ${base64} files, of the shop (ED25519)`
    const other = `3072 SHA256:${'A'.repeat(43)} files.example.com (RSA)`
    const forms = [
      ...[`${'ab'.repeat(32)}, ${colons}`, base64, `${base64}=`, base64.replace('SHA256', 'sha256')],
      // What ssh-keygen -l prints, one line or several, however .env carries a line break.
      ...[line, `${other}\n${line}`, `${other}\\n${line}`, `${other} ${line}`, `${other}, ${line}`],
      ...[base64.slice('SHA256:'.length), `"${base64}"`, `'${base64}', '${other}'`, `"${line}"`],
    ]
    for (const form of forms) {
      expect([form, await make({ SFTP_HOST_KEY_SHA256: form }).head?.('a.png', never)]).toEqual([
        form,
        undefined,
      ])
    }
  })

  it('refuses an MD5 fingerprint and a whole key by name', () => {
    const md5 = Array.from({ length: 16 }, (_, at) => `a${at.toString(16)}`).join(':')
    for (const form of [
      md5,
      `MD5:${md5}`,
      `256 MD5:${md5} a.example.com (ED25519)`,
      md5.replaceAll(':', ''),
    ]) {
      expect(() => make({ SFTP_HOST_KEY_SHA256: form })).toThrow(
        /SFTP_HOST_KEY_SHA256 names an MD5 fingerprint.*ssh-keygen -l -E sha256/,
      )
    }
    const key = `files.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'b'.repeat(43)}`
    for (const form of [key, key.split(' ')[2]]) {
      expect(() => make({ SFTP_HOST_KEY_SHA256: form })).toThrow(
        /SFTP_HOST_KEY_SHA256 is a whole key, not its fingerprint/,
      )
    }
  })

  it('calls an unreadable private key a wrong input', async () => {
    for (const SFTP_PRIVATE_KEY of [
      'nonsense',
      '-----BEGIN OPENSSH PRIVATE KEY-----\\nAAAA\\n-----END OPENSSH PRIVATE KEY-----',
    ]) {
      await expect(make({ SFTP_PRIVATE_KEY }).head?.('a.png', never)).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'INPUT_INVALID',
        message: expect.not.stringContaining('AAAA'),
      })
    }
    expect(server.logins()).toBe(0)
  })

  it.each([
    ['with line breaks', (key: string) => key],
    ['with the line breaks of Windows', (key: string) => key.replaceAll('\n', '\r\n')],
    ['on one line', (key: string) => key.trim().replaceAll('\n', '\\n')],
    ['in Base64', (key: string) => Buffer.from(key).toString('base64')],
    [
      'in Base64 on several lines',
      (key: string) => Buffer.from(key).toString('base64').replace(/.{64}/g, '$&\n'),
    ],
  ])('takes a private key %s', async (_how, written) => {
    for (const key of [ed25519(), rsaKey()]) {
      server.authorize(key.public)
      const inputs = { SFTP_PRIVATE_KEY: written(key.private), SFTP_PASSWORD: undefined }
      expect(await make(inputs).head?.('a.png', never)).toBeUndefined()
    }
  })

  it('takes a key that is locked with its passphrase only, and says so before anything is sent', async () => {
    const locked = ed25519({
      passphrase: 'open sesame',
      cipher: 'aes256-cbc',
      rounds: 1,
    })
    server.authorize(locked.public)
    const inputs = { SFTP_PRIVATE_KEY: locked.private, SFTP_PASSWORD: undefined }
    for (const SFTP_PASSPHRASE of ['wrong', undefined]) {
      await expect(make({ ...inputs, SFTP_PASSPHRASE }).head?.('a.png', never)).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'INPUT_INVALID',
        message: expect.stringContaining('SFTP_PASSPHRASE'),
      })
    }
    expect(server.connections().total).toBe(0)
    expect(await make({ ...inputs, SFTP_PASSPHRASE: 'open sesame' }).head?.('a.png', never)).toBeUndefined()
  })

  describe('with two methods in a row', () => {
    const key = ed25519()
    const rsa = rsaKey()

    it.each([
      [['publickey', 'password']],
      [['password', 'publickey']],
      [['publickey', 'keyboard-interactive']],
      [['keyboard-interactive', 'publickey']],
    ] as const)('heeds what the server still wants: %j', async (inARow) => {
      for (const { private: SFTP_PRIVATE_KEY, public: publicKey } of [key, rsa]) {
        server.authorize(publicKey)
        server.inARow = inARow
        expect(await make({ SFTP_PRIVATE_KEY }).head?.('a.png', never)).toBeUndefined()
      }
    })

    it.each([
      [
        ['publickey', 'password'],
        'SFTP_PASSWORD',
        { SFTP_PRIVATE_KEY: key.private, SFTP_PASSWORD: undefined },
      ],
      [['password', 'publickey'], 'SFTP_PRIVATE_KEY', {}],
    ] as const)('names the input that is missing for the second one: %j', async (inARow, missing, inputs) => {
      server.authorize(key.public)
      server.inARow = inARow
      await expect(make(inputs).head?.('a.png', never)).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'SFTP_UNAUTHORIZED',
        message: expect.stringMatching(`asks for ${missing}`),
      })
      expect(server.connections().total).toBe(1)
    })
  })

  describe('with a key as OpenSSL 3 writes it (PKCS#8)', () => {
    const kinds = {
      rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
      ed25519: generateKeyPairSync('ed25519').privateKey,
    }

    it.each(Object.entries(kinds))('takes %s, plain or locked', async (_kind, privateKey) => {
      server.authorize(publicKeyOf(privateKey))
      const plain = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      expect(plain).toContain('BEGIN PRIVATE KEY')
      const inputs = { SFTP_PASSWORD: undefined }
      expect(await make({ ...inputs, SFTP_PRIVATE_KEY: plain }).head?.('a.png', never)).toBeUndefined()
      const lock = { cipher: 'aes-256-cbc', passphrase: 'open sesame' }
      const locked = privateKey.export({ type: 'pkcs8', format: 'pem', ...lock }).toString()
      expect(locked).toContain('BEGIN ENCRYPTED PRIVATE KEY')
      const right = { ...inputs, SFTP_PRIVATE_KEY: locked, SFTP_PASSPHRASE: 'open sesame' }
      expect(await make(right).head?.('a.png', never)).toBeUndefined()
      for (const SFTP_PASSPHRASE of ['wrong', undefined]) {
        await expect(make({ ...right, SFTP_PASSPHRASE }).head?.('a.png', never)).rejects.toMatchObject({
          failureClass: 'systemic',
          code: 'INPUT_INVALID',
          message: expect.stringContaining('SFTP_PASSPHRASE'),
        })
      }
    })

    it('says of a kind that SSH does not know which kinds it does', async () => {
      const { privateKey } = generateKeyPairSync('x25519')
      const SFTP_PRIVATE_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      await expect(make({ SFTP_PRIVATE_KEY }).head?.('a.png', never)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(/Ed25519, ECDSA or RSA.*ssh-keygen/),
      })
    })
  })

  it('calls a user systemic whom the server does not let in, and tries no key twice', async () => {
    const stranger = ed25519().private
    const inputs = { SFTP_PRIVATE_KEY: stranger, SFTP_PASSWORD: undefined }
    await expect(make(inputs).head?.('a.png', never)).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'SFTP_UNAUTHORIZED',
    })
    expect(server.connections().total).toBe(1)
  })
})

/** As `authorized_keys` has it. The library reads no PKCS#8, so that the key is described to it in other ways. */
function publicKeyOf(privateKey: KeyObject): string {
  const { kty, crv, x = '', y = '', n = '', e = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')
  const field = (content: Buffer): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(content.length)
    return Buffer.concat([length, content])
  }
  const positive = (text: string): Buffer => Buffer.concat([Buffer.from([0]), bytes(text)])
  const curve = `nistp${crv?.slice(2)}`
  const [type, ...fields] =
    kty === 'RSA'
      ? ['ssh-rsa', bytes(e), positive(n)]
      : kty === 'EC'
        ? [`ecdsa-sha2-${curve}`, Buffer.from(curve), Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)])]
        : ['ssh-ed25519', bytes(x)]
  return `${type} ${Buffer.concat([field(Buffer.from(String(type))), ...fields.map((one) => field(Buffer.from(one)))]).toString('base64')}`
}

/** As older tools write it. */
function rsaKey(): { public: string; private: string } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const text = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  const parsed = ssh2.utils.parseKey(text)
  if (parsed instanceof Error) throw parsed
  return { private: text, public: `ssh-rsa ${parsed.getPublicSSH().toString('base64')}` }
}

describeWhere('how sftp gets to OpenSSH', missingSshd, () => {
  let server: SshServer
  beforeAll(async () => {
    server = await startSshd()
  })
  afterAll(() => server.close())

  it('reads a private key whose line breaks are written as \\n, with a passphrase', async () => {
    const key = await createKey(join(server.root, '..', 'locked'), '-N', 'open sesame')
    await chmod(join(server.root, '..', 'user.pub'), 0o600)
    await writeFile(join(server.root, '..', 'user.pub'), key.publicText, { flag: 'a' })
    const inputs = { ...server.inputs, SFTP_PRIVATE_KEY: key.text.trim().replaceAll('\n', '\\n') }
    const right = sftp().create(contextOf({ ...inputs, SFTP_PASSPHRASE: 'open sesame' }))
    expect(await right.head?.('a.png', never)).toBeUndefined()
    for (const SFTP_PASSPHRASE of ['wrong', undefined]) {
      const wrong = sftp().create(contextOf({ ...inputs, SFTP_PASSPHRASE }))
      await expect(wrong.head?.('a.png', never)).rejects.toMatchObject({
        failureClass: 'systemic',
        code: 'INPUT_INVALID',
      })
    }
  })
})

type Locking = { passphrase: string; cipher: string; rounds: number }

/** ssh2 writes one key of 256 in a form that it cannot read, with a byte too few. */
function ed25519(locking?: Locking): { public: string; private: string } {
  for (;;) {
    const pair =
      locking === undefined
        ? ssh2.utils.generateKeyPairSync('ed25519')
        : ssh2.utils.generateKeyPairSync('ed25519', locking)
    if (!(ssh2.utils.parseKey(pair.public) instanceof Error)) return pair
  }
}
