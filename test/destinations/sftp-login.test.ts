import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type PlainSftpServer, startPlainSftpServer } from '../../sandbox/targets/plain-sftp-server'
import { createKey, hasSshd, type SshServer, startSshd } from '../../sandbox/targets/ssh-server'
import { createRedactor } from '../../src/core/redaction'
import { sftp } from '../../src/destinations/sftp'
import { contextOf } from './context'

const never = new AbortController().signal

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

  it('makes its secrets known', () => {
    const redactor = createRedactor()
    sftp().create(contextOf({ ...server.inputs, SFTP_PASSPHRASE: 'open sesame' }, redactor))
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
    for (const form of [`${'ab'.repeat(32)}, ${colons}`, base64, `${base64}=`]) {
      expect(await make({ SFTP_HOST_KEY_SHA256: form }).head?.('a.png', never)).toBeUndefined()
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
  })
})

const describeWithSshd = hasSshd ? describe : describe.skip
describeWithSshd('how sftp gets to OpenSSH', () => {
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
