import type { JsonObject } from '../../sandbox/json'
import { bodyOf, errorOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

const tokenPart = 'A1b2C3d4E5f6'
const plain = {
  name: 'Lamp',
  watts: 60,
  dimmable: false,
  replacedBy: null,
  colours: ['red', 'blue'],
  link: 'https://shop.example.com/lamp?colour=red',
  size: { unit: 'cm', parts: [{ width: 10 }, { width: 20 }] },
}

/** The answer to an event about an asset that shows this product of the REST PIM. */
async function answerFor(product: JsonObject, inputs: JsonObject = {}) {
  const { aem, pim } = receiver.sandbox
  const identifier = crypto.randomUUID()
  pim.setProduct(identifier, product)
  const asset = aem.addAsset({ path: `/content/dam/shop/${identifier}.png` })
  const rest = {
    PIM_COMMUNICATOR: 'rest',
    PIM_REST_URL: `${pim.url}/products/{identifier}`,
    PIM_REST_HEADERS: `X-Api-Key: ${pim.apiKey}`,
    PIM_REST_PRODUCT: '/data/product',
    ...inputs,
  }
  return receiver.invoke(aem.processingCompletedEvent(asset), { inputs: rest })
}

const pimdataIn = (body: Record<string, unknown>): unknown =>
  JSON.parse(JSON.stringify(body)).assetdata.pimdata

describe('an answer that carries what a PIM says', () => {
  test.each<[string, JsonObject, string]>([
    ['a signed URL', { image: `https://files.example.com/lamp.png?v=1&sig=${tokenPart}` }, tokenPart],
    [
      'a signed URL deep inside',
      { a: [{ b: { c: [`https://x/y?X-Amz-Signature=${tokenPart}`] } }] },
      tokenPart,
    ],
    ['a bearer token', { note: `send Bearer ${tokenPart}.x.y with it` }, tokenPart],
    ['an echoed header', { headers: { Authorization: `Token ${tokenPart}`, Cookie: 'a' } }, tokenPart],
    ['a password in a URL', { feed: `ftp://shop:${tokenPart}@files.example.com/` }, tokenPart],
    ['its own key', { echo: { 'x-key-as-sent': ['pim-key'] } }, 'pim-key'],
    ['the value of a secret input', { note: `it is ${tokenPart}-of-s3` }, `${tokenPart}-of-s3`],
    ['the value of a secret input as a name', { [`x ${tokenPart}-of-s3`]: 1 }, `${tokenPart}-of-s3`],
  ])('does not show %s', async (_what, product, secret) => {
    const answer = await answerFor({ ...plain, ...product }, { S3_SECRET_ACCESS_KEY: `${tokenPart}-of-s3` })

    expect(JSON.stringify(answer)).not.toContain(secret)
    expect(pimdataIn(bodyOf(answer))).toMatchObject(plain)
  })

  test('keeps its shape and all that is no secret, however deep a product is', async () => {
    const deep = Array.from({ length: 40 }).reduce<JsonObject>((inner) => ({ inner }), {
      value: 'at the end',
    })
    const body = bodyOf(await answerFor({ ...plain, deep }))

    expect(body).toMatchObject({ outcome: 'updated', message: expect.stringMatching(/^metadata updated: /) })
    expect(pimdataIn(body)).toMatchObject({ ...plain, deep })
  })
})

test('a challenge is answered as it came, whatever it looks like', async () => {
  const challenge = `Bearer ${tokenPart}`
  expect(bodyOf(await receiver.invoke({ challenge }))).toEqual({ challenge })
})

test('an answer to several events is masked in each of them, and when one of them fails', async () => {
  const { aem } = receiver.sandbox
  const known = { S3_SECRET_ACCESS_KEY: `${tokenPart}-of-s3` }
  const events = ['one', 'two'].map((name) =>
    aem.processingCompletedEvent(aem.addAsset({ path: `/content/dam/${tokenPart}-of-s3/${name}.png` })),
  )
  const done = await receiver.invoke({ events }, { inputs: known })
  aem.faults.add({ path: '/adobe/assets', fault: { kind: 'status', status: 403 } })
  const failed = await receiver.invoke({ events }, { inputs: known })
  aem.faults.clear()

  expect(JSON.parse(JSON.stringify(done))).toMatchObject({
    body: [{ outcome: 'updated' }, { outcome: 'updated' }],
  })
  expect(errorOf(failed).body.results).toHaveLength(2)
  expect(JSON.stringify([done, failed])).not.toContain(`${tokenPart}-of-s3`)
})
