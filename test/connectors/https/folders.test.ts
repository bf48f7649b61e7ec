import {
  type EndpointFault,
  type HttpsEndpoint,
  startHttpsEndpoint,
} from '../../../sandbox/targets/https-endpoint'
import { type HttpsOptions, https } from '../../../src/connectors/https/destination'
import { startCall } from '../../support/call'
import { contextOf } from '../kit/destination-context'
import { fakeBinary } from '../kit/fake-binary'

const never = startCall()

describe('https at a server that wants folders made', () => {
  let endpoint: HttpsEndpoint
  beforeEach(async () => {
    endpoint = await startHttpsEndpoint()
  })
  afterEach(() => endpoint.close())

  const make = (options: HttpsOptions = {}, inputs: Record<string, string> = {}) =>
    https(options).create(contextOf({ HTTPS_URL: `${endpoint.url}/files/{key}`, ...inputs }))
  const put = (destination: ReturnType<typeof make>, key: string) =>
    destination.put(key, fakeBinary({ size: 10 }), {}, never)
  const answer = (answers: Record<string, EndpointFault | undefined>) => {
    endpoint.fault = ({ method = '' }) => answers[method]
  }
  const asked = (method: string) => endpoint.requests.filter((one) => one.method === method).length

  it.each([409, 404, 500])('says so, and blames no file: %i', async (status) => {
    answer({ PUT: { status }, OPTIONS: { status: 200, headers: { DAV: '1, 2' } } })
    await expect(put(make(), 'shop/a.png')).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'HTTPS_FOLDER_MISSING',
      message: expect.stringContaining('makeFolders'),
    })
  })

  it.each([
    ['is no WebDAV server', 'shop/a.png', { status: 200 }],
    ['does not answer at all', 'shop/a.png', { status: 405 }],
    ['is asked for no folder', 'a.png', { status: 200, headers: { DAV: '1' } }],
  ])('is not presumed when it %s', async (_what, key, options) => {
    answer({ PUT: { status: 409 }, OPTIONS: options })
    await expect(put(make(), key)).rejects.toMatchObject({ failureClass: 'permanent', code: 'HTTPS_REFUSED' })
  })

  it('makes a folder once, the one above first when that is missing', async () => {
    const missing = new Set(['/files/shop/', '/files/shop/lamps/'])
    endpoint.fault = ({ method, url = '' }) => {
      if (method !== 'MKCOL') return undefined
      if (url === '/files/shop/lamps/' && missing.has('/files/shop/')) return { status: 409 }
      return { status: missing.delete(url) ? 201 : 405 }
    }
    const destination = make({ makeFolders: true })
    await put(destination, 'shop/lamps/a.png')
    await put(destination, 'shop/lamps/b.png')
    await put(destination, 'c.png')
    expect(endpoint.requests.filter(({ method }) => method === 'MKCOL').map(({ url }) => url)).toEqual([
      '/files/shop/lamps/',
      '/files/shop/',
      '/files/shop/lamps/',
    ])
    expect(endpoint.list()).toHaveLength(3)
  })

  it.each([403, 409, 500])(
    'takes a folder that another one has made in the same moment: %i',
    async (status) => {
      const there = new Set<string>()
      endpoint.fault = ({ method, url = '' }) => {
        if (method !== 'MKCOL') return undefined
        const isThere = there.has(url)
        there.add(url)
        return { status: isThere ? 405 : status }
      }
      await put(make({ makeFolders: true }), 'shop/a.png')
      expect(endpoint.list()).toEqual(['shop/a.png'])
    },
  )

  it('who may not make folders is told so, without a dead letter', async () => {
    answer({ MKCOL: { status: 403 } })
    await expect(put(make({ makeFolders: true }), 'shop/a.png')).rejects.toMatchObject({
      failureClass: 'systemic',
    })
    expect(asked('PUT')).toBe(0)
  })

  it.each([
    ['the folder of the URL is not there', { MKCOL: { status: 409 } }],
    ['the server makes no folders', { MKCOL: { status: 405 }, PUT: { status: 409 } }],
  ])('blames no file when %s', async (_what, answers) => {
    answer(answers)
    await expect(put(make({ makeFolders: true }), 'shop/a.png')).rejects.toMatchObject({
      failureClass: 'systemic',
      code: 'HTTPS_FOLDER_MISSING',
    })
  })

  it.each([
    [{ HTTPS_URL: 'https://dav.example.com/in?file={key}' }],
    [{ HTTPS_URL: 'https://dav.example.com/{key}/content' }],
    [{ HTTPS_METHOD: 'POST' }],
  ])('cannot be with such inputs: %o', (inputs) => {
    expect(() => make({ makeFolders: true }, inputs)).toThrow(
      expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }),
    )
  })
})
