import { type MarketoOptions, type MarketoStandIn, startMarketo } from '../../sandbox/targets/marketo'
import { createTestClock } from '../support/test-clock'

type Parts = { name?: string; folder?: string; more?: Record<string, string>; file?: string }

const boundary = 'frontier'
const filePart =
  'content-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\nPNG'

type Body = {
  success: boolean
  errors: { code: string }[]
  warnings: string[]
  result?: object[]
  access_token: string
  expires_in: number
}

async function bodyOf(answer: Response): Promise<Body> {
  const body: Body = JSON.parse(await answer.text())
  return body
}

/** A form as it should be, or with something else in its place. */
function form({
  name = 'a.png',
  folder = '{"id":436,"type":"Folder"}',
  more = {},
  file = filePart,
}: Parts = {}): string {
  const texts = Object.entries({ name, folder, ...more }).map(
    ([field, value]) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
  )
  return `${texts.join('')}${file === '' ? '' : `--${boundary}\r\n${file}\r\n`}--${boundary}--\r\n`
}

describe('the stand-in for Marketo', () => {
  const clock = createTestClock()
  let instance: MarketoStandIn | undefined
  afterEach(() => instance?.close())

  async function start(options: MarketoOptions = {}): Promise<MarketoStandIn> {
    instance = await startMarketo({ clock, ...options })
    return instance
  }

  async function token(
    { url, inputs }: MarketoStandIn,
    more: Record<string, string> = {},
  ): Promise<Response> {
    const query = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: inputs.MARKETO_CLIENT_ID ?? '',
      client_secret: inputs.MARKETO_CLIENT_SECRET ?? '',
      ...more,
    })
    return fetch(`${url}/identity/oauth/token?${query}`)
  }

  async function call(standIn: MarketoStandIn, path: string, init: RequestInit = {}): Promise<Response> {
    const { access_token } = await bodyOf(await token(standIn))
    return fetch(`${standIn.url}/rest/asset/v1/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${access_token}`, ...init.headers },
    })
  }

  const upload = (
    standIn: MarketoStandIn,
    body: string,
    type = `multipart/form-data; boundary=${boundary}`,
  ) => call(standIn, 'files.json', { method: 'POST', body, headers: { 'content-type': type } })

  async function codeOf(answer: Promise<Response> | Response): Promise<string | undefined> {
    const response = await answer
    expect(response.status).toBe(200)
    const body = await bodyOf(response)
    expect(body.success).toBe(body.errors.length === 0)
    return body.errors[0]?.code
  }

  it('gives a token for the right secret only, and the same one until it expires', async () => {
    const standIn = await start({ tokenSeconds: 60 })
    expect((await token(standIn, { client_secret: 'wrong' })).status).toBe(401)
    expect((await token(standIn, { client_id: 'wrong' })).status).toBe(401)
    expect((await token(standIn, { grant_type: 'password' })).status).toBe(400)
    const first = await bodyOf(await token(standIn))
    clock.advance(20_000)
    expect(await bodyOf(await token(standIn))).toMatchObject({
      access_token: first.access_token,
      expires_in: 40,
    })
    clock.advance(40_000)
    const second = await bodyOf(await token(standIn))
    expect(second.access_token).not.toBe(first.access_token)
    const ask = (given: string) =>
      fetch(`${standIn.url}/rest/asset/v1/files.json`, { headers: { authorization: given } })
    expect(await codeOf(ask(`Bearer ${first.access_token}`))).toBe('602')
    expect(await codeOf(ask('Bearer made-up'))).toBe('601')
    expect(await codeOf(ask(''))).toBe('600')
    expect(await codeOf(ask(`Bearer ${second.access_token}`))).toBeUndefined()
  })

  it.each<[string, string, string | undefined]>([
    ['as it should be', form(), undefined],
    ['without a file name', form({ file: filePart.replace('; filename="a.png"', '') }), '701'],
    [
      'without the type of the file',
      form({ file: filePart.replace('content-type: image/png\r\n', '') }),
      '612',
    ],
    ['without a file', form({ file: '' }), '701'],
    ['that is cut', form().slice(0, -6), '609'],
    ['with a folder that is no JSON', form({ folder: '436' }), '1001'],
    ['with a folder that is not there', form({ folder: '{"id":1,"type":"Folder"}' }), '710'],
    ['with a program', form({ folder: '{"id":1001,"type":"Folder"}' }), '711'],
    ['with a folder of another type', form({ folder: '{"id":436,"type":"Program"}' }), '711'],
    ['with a name with a slash', form({ name: 'a/b.png' }), '709'],
    ['with a field that nobody knows', form({ more: { version: '1' } }), '1001'],
  ])('answers to a form %s', async (_what, body, code) => {
    const standIn = await start()
    expect(await codeOf(upload(standIn, body))).toBe(code)
    expect(standIn.files()).toHaveLength(code === undefined ? 1 : 0)
  })

  it('refuses a body of another type, of unknown length, or too large a one', async () => {
    const standIn = await start({ maxBytes: 1_000 })
    expect(await codeOf(upload(standIn, form(), 'application/json'))).toBe('612')
    expect((await upload(standIn, form({ name: 'x'.repeat(1_000) }))).status).toBe(413)
    const body = new Blob([form()]).stream()
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' }
    expect((await call(standIn, 'files.json', init)).status).toBe(411)
  })

  it('updates by name, whatever its case, but not with insertOnly and not in another folder', async () => {
    const standIn = await start()
    await upload(standIn, form({ more: { description: 'one' } }))
    const [{ id } = { id: 0 }] = standIn.files()
    expect(
      await codeOf(upload(standIn, form({ name: 'A.PNG', more: { description: 'two' } }))),
    ).toBeUndefined()
    expect(standIn.files()).toMatchObject([{ id, name: 'a.png', description: 'two' }])
    expect(await codeOf(upload(standIn, form({ more: { insertOnly: 'true' } })))).toBe('709')
    expect(await codeOf(upload(standIn, form({ folder: '{"id":437,"type":"Folder"}' })))).toBe('709')
    expect(standIn.files()).toHaveLength(1)
  })

  it('shows a file by name, by id and in its folder, and replaces its content', async () => {
    const standIn = await start()
    await upload(standIn, form({ more: { description: 'one' } }))
    const [{ id } = { id: 0 }] = standIn.files()
    const folder = encodeURIComponent('{"id":436,"type":"Folder"}')
    for (const path of ['file/byName.json?name=a.png', `file/${id}.json`, `files.json?folder=${folder}`]) {
      const { result } = await bodyOf(await call(standIn, path))
      expect(result).toMatchObject([{ id, name: 'a.png', size: 3, description: 'one', folder: { id: 436 } }])
    }
    const { result, warnings } = await bodyOf(await call(standIn, 'file/byName.json?name=b.png'))
    expect([result, warnings.length]).toEqual([undefined, 1])
    const body = `--${boundary}\r\n${filePart}2\r\n--${boundary}--\r\n`
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const path = `file/${id}/content.json`
    expect(await codeOf(call(standIn, path, { method: 'POST', body, headers }))).toBeUndefined()
    expect(await codeOf(call(standIn, path, { method: 'POST', body: form(), headers }))).toBe('1001')
    expect(standIn.files()).toMatchObject([{ id, size: 4, description: 'one' }])
    expect(await codeOf(call(standIn, 'files.json?maxReturn=201'))).toBe('1001')
    expect(await codeOf(call(standIn, 'nothing.json'))).toBe('610')
  })

  it('counts calls in 20 seconds, at once, and in a day', async () => {
    const standIn = await start({ calls: 3, dailyQuota: 6 })
    const codes = async (count: number) => {
      const found = []
      for (let index = 0; index < count; index++) found.push(await codeOf(call(standIn, 'files.json')))
      return found
    }
    expect(await codes(4)).toEqual([undefined, undefined, undefined, '606'])
    clock.advance(20_000)
    expect(await codes(3)).toEqual([undefined, undefined, '607'])
    clock.advance(24 * 3_600_000)
    expect(await codes(1)).toEqual([undefined])
  })
})
