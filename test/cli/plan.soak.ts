import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../sandbox/faults'
import type { JsonObject } from '../../sandbox/json'
import { type Receiver, startReceiver } from '../support/receiver'
import { runTypeScript } from '../support/run-typescript'

const minutes = 60_000
const size = Number(process.env.SOAK_ASSETS ?? 2_000)
const kills = 5

let receiver: Receiver
let folder: string

beforeAll(async () => {
  receiver = await startReceiver()
  folder = await mkdtemp(join(tmpdir(), 'plan-soak-'))
})
afterAll(async () => {
  await receiver.close()
  await rm(folder, { recursive: true })
})

/** The command in a process of its own. */
const bridge = (args: readonly string[], options: Parameters<typeof runTypeScript>[2] = {}) =>
  runTypeScript('cli/bridge.ts', [...args, '--json', '--yes'], {
    ...options,
    env: {
      PATH: process.env.PATH,
      ...receiver.sandbox.operatorEnv(),
      PIM_COMMUNICATOR: 'rest',
      PIM_REST_URL: `${receiver.sandbox.pim.url}/search?sku={identifiers}`,
      PIM_REST_PRODUCT: '/items',
      PIM_REST_IDENTIFIER: '/sku',
      PIM_REST_HEADERS: `X-Api-Key: ${receiver.sandbox.pim.apiKey}`,
    },
  })

test(
  `a plan of ${size} assets, applied with ${kills} kills, equals one apply; undone, only what people changed differs`,
  async () => {
    const { aem, pim } = receiver.sandbox
    const ids = Array.from({ length: size }, (_, index) => {
      const sku = `SKU-${index}`
      pim.setProduct(sku, { name: `Lamp ${index}`, stock: index, supplier: null })
      return aem.addAsset({
        path: `/content/dam/shop/${sku}.png`,
        content: { size: 10, seed: sku },
        assetMetadata: {
          'wknd-skuid': sku,
          'wknd-sku': sku,
          'wknd-name': index % 3 === 0 ? '' : ['old', sku],
        },
      }).id
    })
    const metadata = (): JsonObject[] => ids.map((id) => aem.asset(id).assetMetadata)
    const before = metadata()
    const plan = join(folder, 'plan.jsonl')
    const planned = await bridge(['plan', 'enrich', '--folder', '/content/dam/shop', '--out', plan])
    expect(JSON.parse(planned.stdout)).toMatchObject({ checked: size, planned: size, failed: 0 })

    for (let kill = 1; kill <= kills; kill++) {
      let left = size / (kills + 2)
      await bridge(['apply', plan], {
        onStart(child) {
          aem.onBeforePatch = () => {
            left -= 1
            if (left <= 0) child.kill('SIGKILL')
          }
        },
      })
      aem.onBeforePatch = undefined
    }
    const applied = JSON.parse((await bridge(['apply', plan])).stdout)
    expect(applied).toMatchObject({ checked: size, refused: 0, failed: 0, done: true })
    expect(applied.written).toBeGreaterThan(0)
    metadata().forEach((held, index) => {
      expect(held).toEqual({ ...before[index], 'wknd-name': `Lamp ${index}`, 'wknd-stock': index })
    })

    const random = seededRandom(17)
    const expected = [...before]
    let edited = 0
    ids.forEach((id, index) => {
      if (random() > 0.05) return
      edited += 1
      aem.edit(id, ({ assetMetadata }) => {
        assetMetadata['wknd-name'] = `of an author ${index}`
      })
      expected[index] = { ...before[index], 'wknd-name': `of an author ${index}` }
    })
    const undone = await bridge(['undo', `${plan}.report.jsonl`, '--force'])
    expect(undone.code).toBe(1)
    expect(JSON.parse(undone.stdout)).toMatchObject({ failed: 0, done: true, refused: edited })
    expect(metadata()).toEqual(expected)
    const { size: bytes } = await stat(`${plan}.report.jsonl`)
    const lines = (await readFile(`${plan}.report.jsonl`, 'utf8')).split('\n').length
    console.info(
      `plan: ${planned.stdout}\napply: ${applied.seconds} s\nreport: ${lines} lines, ${bytes} bytes`,
    )
  },
  30 * minutes,
)
