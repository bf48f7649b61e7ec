import { transientError } from '../../../src/core/errors'
import { createRedactor } from '../../../src/core/redaction'
import { rejection, startCall } from '../../support/call'
import { type ReconcileBench, startReconcileBench } from './reconcile-bench'

let bench: ReconcileBench
beforeEach(async () => {
  bench = await startReconcileBench()
})
afterEach(() => bench.close())

/** A first run, so that there is a cursor; then time passes. */
async function begin(): Promise<void> {
  await bench.run()
  bench.minutes(60)
}

const metadataOf = (id: string) => `/adobe/assets/${id}/metadata`

test('what has changed since the last run reaches its assets, what has not is not even asked for', async () => {
  const assets = ['A', 'B', 'C'].map((sku) => {
    bench.change(sku, 'old')
    return bench.upload(sku)
  })
  bench.minutes(60)
  await begin()
  bench.change('A', 'new')
  bench.change('B', 'new')

  const { answer } = await bench.run()

  expect(answer).toMatchObject({ outcome: 'done', products: 2, assets: 2, updated: 2, lag: 0, pending: 0 })
  expect(assets.map(bench.supplierOf)).toEqual(['new', 'new', undefined])
})

test.each([
  ['latest', { from: 'back', ms: 0 }, [undefined, undefined]],
  ['an hour back', { from: 'back', ms: 3_600_000 }, [undefined, 'late']],
  ['oldest', { from: 'oldest' }, ['early', 'late']],
] as const)('the first run begins where it is told to: %s', async (_, start, expected) => {
  bench.change('A', 'early')
  bench.minutes(120)
  bench.change('B', 'late')
  bench.minutes(30)
  const assets = ['A', 'B'].map((sku) => bench.upload(sku))
  expect((await bench.run({ parts: { start } })).answer.outcome).toBe('done')
  expect(assets.map(bench.supplierOf)).toEqual(expected)
})

test('a first run that is killed at once has left where to begin', async () => {
  const asset = bench.upload('A')
  const call = startCall()
  bench.akeneo.settings.duringCall = async () => call.abort(new Error('killed'))
  await rejection(bench.run({ call }))
  bench.akeneo.settings.duringCall = undefined
  bench.minutes(5)
  bench.change('A', 'new')
  bench.minutes(5)
  await bench.run()
  expect(bench.supplierOf(asset)).toBe('new')
})

test('the variants of a model that changed come, too', async () => {
  bench.akeneo.catalogue.setModel('lamps', { values: {} })
  bench.akeneo.catalogue.setProduct('LAMP-7', { parent: 'lamps' })
  const asset = bench.upload('LAMP-7')
  await begin()
  bench.akeneo.catalogue.setModel('lamps', {
    values: { supplier: [{ locale: null, scope: null, data: 'Acme' }] },
  })
  expect((await bench.run()).answer).toMatchObject({ products: 1, updated: 1 })
  expect(bench.supplierOf(asset)).toBe('Acme')
})

test('a quiet run keeps the cursor alive, moves it on, and writes nothing to AEM', async () => {
  await begin()
  const before = bench.cursor()
  bench.minutes(60 * 24 * 300)
  const { answer } = await bench.run()
  expect(answer).toMatchObject({ outcome: 'done', products: 0, lag: 0 })
  const after = bench.cursor()
  expect(Date.parse(after?.at ?? '') - Date.parse(before?.at ?? '')).toBeGreaterThanOrEqual(300 * 86_400_000)
  bench.minutes(60 * 24 * 300)
  expect(bench.cursor()).toEqual(after)
  expect(bench.patches()).toBe(0)
})

test('what a run has seen a moment ago comes again, and changes nothing', async () => {
  const asset = bench.upload('A')
  await begin()
  bench.change('A', 'new')
  await bench.run()
  expect((await bench.run()).answer).toMatchObject({ products: 1, unchanged: 1, updated: 0 })
  expect([bench.supplierOf(asset), bench.patches()]).toEqual(['new', 1])
})

test('a change that the search of the PIM shows ten minutes late is not missed', async () => {
  const asset = bench.upload('A')
  await begin()
  bench.change('A', 'new')
  const product = bench.akeneo.catalogue.bySku('A')
  bench.akeneo.settings.lagging.set(product?.uuid ?? '', undefined)
  await bench.run()
  bench.akeneo.settings.lagging.clear()
  bench.minutes(9)
  await bench.run()
  expect(bench.supplierOf(asset)).toBe('new')
})

describe('when it stops before the end', () => {
  const skus = Array.from({ length: 250 }, (_, n) => `SKU-${String(n).padStart(3, '0')}`)

  async function changeAll() {
    const assets = skus.map((sku) => bench.upload(sku))
    await begin()
    for (const sku of skus) bench.change(sku, 'new')
    return () => assets.filter((asset) => bench.supplierOf(asset) === 'new').length
  }

  test.each([60_000, 20_000])(
    'for its activation has %d ms only, it has got on all the same',
    async (leftMs) => {
      const done = await changeAll()
      bench.akeneo.settings.duringCall = async () => bench.author.clock.advance(leftMs)
      const call = startCall({ deadline: bench.author.clock.now() + leftMs })
      const { answer } = await bench.run({ call })
      bench.akeneo.settings.duringCall = undefined

      expect(answer).toMatchObject({ outcome: 'stopped', products: 100 })
      expect(done()).toBe(100)
      expect(call.log.join().includes('too short')).toBe(leftMs < 30_000)
    },
  )

  test('for its limit is so short that nothing can be asked, it says so', async () => {
    await changeAll()
    const call = startCall({ deadline: bench.author.clock.now() })
    expect((await bench.run({ call })).answer).toMatchObject({
      outcome: 'stopped',
      message: expect.stringContaining('raise timeout of reconcile in ext.config.yaml'),
      products: 0,
    })
  })

  test('for its time is up, the next run goes on where it stood', async () => {
    const done = await changeAll()
    const begun = bench.author.clock.now()
    bench.akeneo.settings.duringCall = async () => bench.minutes(2)
    const limits = { runMs: 1, maxAttempts: 3, maxPending: 10 }
    const { answer } = await bench.run({ parts: { limits: { ...limits, runMs: 60_000 } } })
    bench.akeneo.settings.duringCall = undefined

    expect(answer).toMatchObject({ outcome: 'stopped', message: 'its time is up', products: 100 })
    expect(Number(answer.lag)).toBeGreaterThan(3_000)
    expect(done()).toBe(100)
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', products: 150 })
    expect(done()).toBe(250)
    // What changed while the first run was at it is still ahead: the poll began with that one.
    expect(Date.parse(bench.cursor()?.at ?? '')).toBeLessThan(begun + 10 * 60_000)
  })

  test('cut off in the middle of a page, that page is done again', async () => {
    const done = await changeAll()
    const call = startCall()
    const page = bench.akeneo.settings
    let pages = 0
    page.duringCall = async () => {
      pages += 1
      if (pages === 3) call.abort(new Error('the platform ends the activation'))
    }
    await rejection(bench.run({ call }))
    page.duringCall = undefined
    expect(done()).toBeLessThan(250)
    // The lease of the crashed run is over by then.
    bench.minutes(10)
    expect((await bench.run()).answer.outcome).toBe('done')
    expect(done()).toBe(250)
  })
})

describe('failures', () => {
  test('one asset that fails for now is parked and does not hold up the cursor; a later run does it', async () => {
    const [bad, good] = [bench.upload('A'), bench.upload('B')]
    await begin()
    for (const sku of ['A', 'B']) bench.change(sku, 'new')
    const broken = bench.author.aem.faults.add({
      method: 'PATCH',
      path: metadataOf(bad.id),
      fault: { kind: 'status', status: 503 },
    })

    const { answer, error } = await bench.run()

    expect(error).toBeUndefined()
    expect(answer).toMatchObject({ outcome: 'done', updated: 1, parked: 1, pending: 1 })
    expect([bench.supplierOf(bad), bench.supplierOf(good)]).toEqual([undefined, 'new'])
    expect(bench.pending()).toMatchObject([{ action: 'pim-sync', event: { asset: { path: bad.path } } }])

    broken.remove()
    bench.minutes(60)
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', done: 1, pending: 0 })
    expect(bench.supplierOf(bad)).toBe('new')
    expect(bench.pending()).toEqual([])
  })

  test('parked with the text of a secret in its path, the later run does the same asset', async () => {
    const context = { redactor: createRedactor(['hush-4711']) }
    const bad = bench.upload('A', 'hush-4711.png')
    const good = bench.upload('B')
    await begin()
    for (const sku of ['A', 'B']) bench.change(sku, 'new')
    const fault = { kind: 'status', status: 503 } as const
    const broken = bench.author.aem.faults.add({ method: 'PATCH', path: metadataOf(bad.id), fault })
    expect((await bench.run({ context })).answer).toMatchObject({ updated: 1, parked: 1 })
    expect(bench.pending()).toMatchObject([{ event: { asset: { path: bad.path } } }])

    broken.remove()
    bench.minutes(60)
    expect((await bench.run({ context })).answer).toMatchObject({ done: 1, pending: 0 })
    expect([bench.supplierOf(bad), bench.supplierOf(good)]).toEqual(['new', 'new'])
  })

  test('one that fails again and again while others work is a dead letter in the end', async () => {
    const bad = bench.upload('A')
    bench.upload('B')
    await begin()
    bench.author.aem.faults.add({
      method: 'PATCH',
      path: metadataOf(bad.id),
      fault: { kind: 'status', status: 503 },
    })
    bench.change('A', 'new')
    for (let run = 0; run < 4; run++) {
      bench.change('B', `new-${run}`)
      await bench.run()
      bench.minutes(70)
    }
    expect(bench.pending()).toEqual([])
    expect(bench.letters()).toMatchObject([{ action: 'pim-sync', error: { code: 'AEM_UNAVAILABLE' } }])
  })

  test('one whose failure nothing counts is a dead letter after 14 days, and not before', async () => {
    bench.upload('A')
    await begin()
    bench.author.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status: 403 } })
    bench.change('A', 'new')
    await bench.run()
    for (let day = 0; day < 13; day++) {
      bench.minutes(24 * 60)
      await bench.run()
    }
    expect([bench.pending().length, bench.letters()]).toEqual([1, []])
    bench.minutes(24 * 60 + 1)
    await bench.run()
    expect(bench.pending()).toEqual([])
    expect(bench.letters()).toMatchObject([
      { action: 'pim-sync', tries: 0, error: { code: 'AEM_FORBIDDEN' } },
    ])
  })

  test('one that fails for good is a dead letter at once', async () => {
    const bad = bench.upload('A')
    await begin()
    bench.change('A', 'new')
    bench.author.aem.faults.add({
      method: 'PATCH',
      path: metadataOf(bad.id),
      fault: { kind: 'status', status: 422 },
    })
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', deadLettered: 1 })
    expect(bench.letters()).toMatchObject([
      { action: 'pim-sync', error: { code: 'METADATA_REFUSED' }, event: { asset: { path: bad.path } } },
    ])
  })

  test.each<[string, () => { remove(): void }, string]>([
    [
      'AEM is down',
      () => bench.author.aem.faults.add({ path: '/adobe/', fault: { kind: 'status', status: 503 } }),
      'AEM_UNAVAILABLE',
    ],
    [
      'AEM cannot search',
      () => bench.author.aem.faults.add({ path: '/bin/', fault: { kind: 'status', status: 404 } }),
      'AEM_SEARCH_NOT_FOUND',
    ],
    [
      'AEM lets it read only',
      () => bench.author.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status: 403 } }),
      'AEM_FORBIDDEN',
    ],
    [
      'Akeneo is down',
      () => bench.akeneo.faults.add({ fault: { kind: 'status', status: 503 } }),
      'PIM_UNAVAILABLE',
    ],
    [
      'Akeneo refuses the permission',
      () => {
        bench.akeneo.settings.permissions.delete('List products')
        return { remove: () => bench.akeneo.settings.permissions.add('List products') }
      },
      'AKENEO_FORBIDDEN',
    ],
  ])('%s: the run fails with the reason, the cursor stays, nothing is parked', async (_, breakIt, code) => {
    const assets = Array.from({ length: 8 }, (__, n) => bench.upload(`SKU-${n}`))
    await begin()
    for (let n = 0; n < 8; n++) bench.change(`SKU-${n}`, 'new')
    const before = bench.cursor()?.position
    const broken = breakIt()

    const { answer, error } = await bench.run()

    expect(error).toMatchObject({ code })
    expect(answer).toMatchObject({ outcome: 'failed', code })
    expect([bench.cursor()?.position, bench.pending(), bench.letters()]).toEqual([before, [], []])
    broken.remove()
    bench.minutes(10)
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', updated: 8 })
    expect(new Set(assets.map(bench.supplierOf))).toEqual(new Set(['new']))
  })

  test('assets that AEM refuses for their folder do not hold up the others, and wait for the operator', async () => {
    const bad = Array.from({ length: 6 }, (_, n) => bench.upload(`BAD-${n}`))
    const good = bench.upload('GOOD')
    await begin()
    for (const sku of ['GOOD', ...bad.map((_, n) => `BAD-${n}`)]) bench.change(sku, 'new')
    const forbidden = bad.map(({ id }) =>
      bench.author.aem.faults.add({
        method: 'PATCH',
        path: metadataOf(id),
        fault: { kind: 'status', status: 403 },
      }),
    )
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', parked: 6, updated: 1 })
    for (let run = 0; run < 6; run++) {
      bench.minutes(70)
      bench.change('GOOD', `newer-${run}`)
      expect((await bench.run()).answer).toMatchObject({ outcome: 'done', updated: 1 })
    }
    expect(bench.supplierOf(good)).toBe('newer-5')
    expect([bench.pending().length, bench.letters()]).toEqual([6, []])
    for (const rule of forbidden) rule.remove()
    bench.minutes(70)
    await bench.run()
    expect(new Set(bad.map(bench.supplierOf))).toEqual(new Set(['new']))
    expect(bench.pending()).toEqual([])
  })

  test('assets that AEM refuses, and nothing else on the page, hold up the poll for some hours only', async () => {
    const bad = Array.from({ length: 6 }, () => bench.upload('BAD'))
    const good = bench.upload('GOOD')
    await begin()
    for (const { id } of bad) {
      const fault = { kind: 'status', status: 403 } as const
      bench.author.aem.faults.add({ method: 'PATCH', path: metadataOf(id), fault })
    }
    bench.change('BAD', 'new')
    expect((await bench.run()).answer).toMatchObject({ outcome: 'failed', code: 'AEM_FORBIDDEN' })
    bench.minutes(7 * 60)
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', parked: 6, lag: expect.any(Number) })
    bench.minutes(60)
    bench.change('GOOD', 'new')
    expect((await bench.run()).answer).toMatchObject({ outcome: 'done', products: 1 })
    expect(bench.supplierOf(good)).toBe('new')
  })

  test('what is parked and takes its time leaves some for the poll', async () => {
    const late = Array.from({ length: 30 }, (_, n) => bench.upload(`LATE-${n}`))
    bench.upload('FIRST')
    const other = bench.upload('OTHER')
    await begin()
    const broken = late.map(({ id }, n) => {
      bench.change(`LATE-${n}`, 'new')
      const fault = { kind: 'status', status: 403 } as const
      return bench.author.aem.faults.add({ method: 'PATCH', path: metadataOf(id), fault })
    })
    bench.change('FIRST', 'new')
    expect((await bench.run()).answer).toMatchObject({ parked: 30, updated: 1 })
    for (const rule of broken) rule.remove()
    bench.minutes(70)
    bench.change('OTHER', 'new')
    bench.akeneo.settings.duringCall = async () => bench.author.clock.advance(20_000)
    await bench.run()
    expect(bench.supplierOf(other)).toBe('new')
  })

  test('State cannot be read: nothing is done, for nobody knows where to begin', async () => {
    bench.upload('A')
    await begin()
    bench.change('A', 'new')
    bench.store.before = (operation, key) => {
      if (operation === 'get' && key.startsWith('cursor.')) throw new Error('State is down')
    }
    expect((await bench.run()).answer).toMatchObject({ outcome: 'failed', products: 0 })
    expect(bench.patches()).toBe(0)
  })

  test('what can no longer be parked stays ahead of the cursor', async () => {
    const bad = bench.upload('A')
    bench.upload('B')
    await begin()
    for (const sku of ['A', 'B']) bench.change(sku, 'new')
    const before = bench.cursor()?.position
    bench.author.aem.faults.add({
      method: 'PATCH',
      path: metadataOf(bad.id),
      fault: { kind: 'status', status: 503 },
    })
    bench.store.before = (operation, key) => {
      if (operation === 'put' && key.startsWith('pending.')) throw new Error('State is full')
    }
    expect((await bench.run()).answer.outcome).toBe('failed')
    expect(bench.cursor()?.position).toBe(before)
  })

  test.each(['changed', 'parked'])(
    'what is %s, cannot work, and can be no dead letter for State fails stops the run where it stands',
    async (way) => {
      const bad = bench.upload('A')
      const target = { method: 'PATCH', path: metadataOf(bad.id) }
      await begin()
      bench.change('A', 'new')
      if (way === 'parked') {
        const broken = bench.author.aem.faults.add({ ...target, fault: { kind: 'status', status: 503 } })
        await bench.run()
        broken.remove()
        bench.minutes(10)
      }
      const before = [bench.cursor()?.position, bench.pending()]
      bench.author.aem.faults.add({ ...target, fault: { kind: 'status', status: 422 } })
      bench.store.before = (operation, key) => {
        if (operation === 'put' && key.startsWith('dead-letter.'))
          throw transientError('STATE_UNAVAILABLE', 'State is down', { upstream: 'STATE' })
      }
      const { answer, error } = await bench.run()
      expect(error).toMatchObject({ code: 'DEAD_LETTER_NOT_WRITTEN', upstream: 'STATE' })
      expect(answer).toMatchObject({ outcome: 'failed', parked: 0, deadLettered: 0 })
      expect([bench.cursor()?.position, bench.pending()]).toEqual(before)
    },
  )

  test('never more is parked than may be, and what was not is found again', async () => {
    const skus = ['A', 'B', 'C', 'D', 'E']
    const assets = skus.map((sku) => bench.upload(sku))
    await begin()
    for (const sku of skus) bench.change(sku, 'new')
    const broken = assets
      .slice(0, 4)
      .map(({ id }) =>
        bench.author.aem.faults.add({ path: metadataOf(id), fault: { kind: 'status', status: 423 } }),
      )
    const before = bench.cursor()?.position
    const limits = { runMs: 60_000, maxAttempts: 3, maxPending: 2 }
    expect((await bench.run({ parts: { limits } })).answer).toMatchObject({
      outcome: 'stopped',
      parked: 2,
      pending: 2,
      message: expect.stringContaining('PENDING_MAX'),
    })
    expect(bench.pending()).toHaveLength(2)
    expect(bench.cursor()?.position).toBe(before)
    for (const rule of broken) rule.remove()
    bench.minutes(60)
    expect((await bench.run({ parts: { limits } })).answer).toMatchObject({ outcome: 'done', pending: 0 })
    expect(assets.map(bench.supplierOf)).toEqual(skus.map(() => 'new'))
  })

  test('with too much parked it reads nothing new, and says so', async () => {
    const bad = bench.upload('A')
    bench.upload('B')
    await begin()
    for (const sku of ['A', 'B']) bench.change(sku, 'new')
    bench.author.aem.faults.add({ path: metadataOf(bad.id), fault: { kind: 'status', status: 503 } })
    await bench.run()
    bench.change('B', 'newer')
    const limits = { runMs: 60_000, maxAttempts: 3, maxPending: 1 }
    expect((await bench.run({ parts: { limits } })).answer).toMatchObject({
      outcome: 'stopped',
      products: 0,
      message: expect.stringContaining('PENDING_MAX'),
    })
  })
})

test('two runs at once: the second leaves the work to the first', async () => {
  await begin()
  const outcomes = (await Promise.all([bench.run(), bench.run()])).map(({ answer }) => answer.outcome)
  expect(outcomes).toContain('skipped')
})

test('the report of a run is kept', async () => {
  await begin()
  const reports = [...bench.store.entries()].filter(([key]) => key.startsWith('run.reconcile.'))
  expect(reports.map(([, value]) => JSON.parse(value))).toMatchObject([
    { outcome: 'done', counts: { products: 0 } },
  ])
})

test('attributes of the mapping that the PIM does not have are named', async () => {
  bench.mapping.push(
    { attribute: 'suplier', property: 'wknd-maker' },
    { attribute: 'supplier', property: 'wknd-maker-2' },
    { attribute: 'family', property: 'wknd-family' },
  )
  const call = startCall()
  const { answer } = await bench.run({ call })
  // A product's family only comes when AKENEO_ATTRIBUTES names it.
  expect(answer).toMatchObject({ outcome: 'done', unknownAttributes: ['suplier', 'family'] })
  expect(call.log.join()).toMatch(/warn the mapping in config\/enrichment.ts .*suplier/)
})

test('without the permission to look at attributes the run goes on', async () => {
  bench.mapping.push({ attribute: 'suplier', property: 'wknd-maker' })
  bench.akeneo.settings.permissions.delete('List attributes')
  expect((await bench.run()).answer).toMatchObject({ outcome: 'done' })
})

describe('products that are gone', () => {
  const gone = (values: string[]) => ({
    id: 'f'.repeat(32),
    action: 'pim-sync',
    event: { deleted: values.map((value) => ({ kind: 'identifier', value })) },
    attempts: 0,
    since: new Date(bench.author.clock.now()).toISOString(),
    nextTry: new Date(bench.author.clock.now()).toISOString(),
    history: [],
  })
  const record = async (...values: string[]) => {
    const { id, ...rest } = gone(values)
    await bench.store.put(`pending.${id}`, JSON.stringify({ id, ...rest }), 1_000_000, startCall().signal)
  }

  beforeEach(() => {
    bench.mapping.splice(0, 1, { attribute: 'supplier', property: 'wknd-supplier' })
    bench.change('B', 'of B')
  })

  test('clear: the link goes, and with the last one what the rules name', async () => {
    const alone = bench.author.aem.addAsset({
      path: '/content/dam/shop/alone.png',
      assetMetadata: { 'wknd-skuid': 'A', 'wknd-supplier': 'of A', 'dc:title': 'Mine' },
    })
    const both = bench.upload(['A', 'B'])
    const other = bench.upload('B')
    await record('A')

    expect((await bench.run({ parts: { deleted: 'clear' } })).answer).toMatchObject({ done: 1, pending: 0 })

    expect(bench.metadata(alone)).toMatchObject({ 'dc:title': 'Mine' })
    expect(bench.metadata(alone)).not.toHaveProperty('wknd-skuid')
    expect(bench.metadata(alone)).not.toHaveProperty('wknd-supplier')
    expect(bench.metadata(both)).toMatchObject({ 'wknd-skuid': 'B', 'wknd-supplier': 'of B' })
    expect(bench.supplierOf(other)).toBeUndefined()
  })

  test('mark: it is said on the asset, and taken back when the product is there again', async () => {
    const asset = bench.upload('A')
    await record('A')
    await bench.run({ parts: { deleted: 'mark' } })
    expect(bench.metadata(asset)).toMatchObject({ 'wknd-skuid': 'A', 'wknd-skuid-deleted': ['A'] })

    bench.minutes(60)
    bench.change('A', 'again')
    await bench.run({ parts: { deleted: 'mark' } })
    expect(bench.metadata(asset)).toMatchObject({ 'wknd-skuid': 'A', 'wknd-supplier': 'again' })
    expect(bench.metadata(asset)).not.toHaveProperty('wknd-skuid-deleted')
  })

  test.each(['keep', 'clear', 'mark'] as const)(
    '%s: a product that the PIM knows after all is not gone',
    async (deleted) => {
      const asset = bench.upload('B')
      await record('B')
      expect((await bench.run({ parts: { deleted } })).answer).toMatchObject({ done: 1, pending: 0 })
      expect(bench.metadata(asset)).toMatchObject({ 'wknd-skuid': 'B' })
      expect(bench.metadata(asset)).not.toHaveProperty('wknd-skuid-deleted')
    },
  )

  test('what is parked and always fails does not keep them from being looked at', async () => {
    const bad = Array.from({ length: 20 }, (_, n) => bench.upload(`BAD-${n}`))
    const asset = bench.upload('A')
    await bench.run()
    for (const [n, { id }] of bad.entries()) {
      bench.change(`BAD-${n}`, 'new')
      const fault = { kind: 'status', status: 403 } as const
      bench.author.aem.faults.add({ method: 'PATCH', path: metadataOf(id), fault })
    }
    bench.upload('B')
    bench.change('B', 'newer')
    expect((await bench.run()).answer).toMatchObject({ parked: 20 })
    await record('A')
    for (let run = 0; run < 4; run++) {
      bench.minutes(70)
      await bench.run({ parts: { deleted: 'clear' } })
    }
    expect(bench.metadata(asset)).not.toHaveProperty('wknd-skuid')
    expect(bench.pending()).toHaveLength(20)
  })

  test('clear: one asset that AEM refuses does not keep the link on the others', async () => {
    const [bad, ...others] = ['A', 'A', 'A', '7'].map((sku) => bench.upload(sku))
    const fault = { kind: 'status', status: 422 } as const
    bench.author.aem.faults.add({ method: 'PATCH', path: metadataOf(bad?.id ?? ''), fault })
    await record('A', '7')
    expect((await bench.run({ parts: { deleted: 'clear' } })).answer).toMatchObject({ deadLettered: 1 })
    for (const asset of others) expect(bench.metadata(asset)).not.toHaveProperty('wknd-skuid')
    expect(bench.letters()).toMatchObject([{ error: { code: 'METADATA_REFUSED' } }])
  })

  test('clear: cut off between link and values, the next run still finds what is left to do', async () => {
    const both = bench.author.aem.addAsset({
      path: '/content/dam/shop/both.png',
      assetMetadata: { 'wknd-skuid': ['A', 'B'], 'wknd-supplier': 'of A' },
    })
    bench.minutes(60)
    await begin()
    const target = { method: 'PATCH', path: metadataOf(both.id) }
    bench.author.aem.faults.add({ ...target, times: 1, fault: { kind: 'latency', delayMs: 0 } })
    const broken = bench.author.aem.faults.add({ ...target, fault: { kind: 'status', status: 503 } })
    await record('A')
    await bench.run({ parts: { deleted: 'clear' } })
    broken.remove()
    bench.minutes(60)
    await bench.run({ parts: { deleted: 'clear' } })
    expect(bench.metadata(both)).toMatchObject({ 'wknd-skuid': 'B', 'wknd-supplier': 'of B' })
    expect(bench.pending()).toEqual([])
  })

  test.each(['clear', 'mark'] as const)(
    '%s: an author that never accepts its own ETag is told apart from an asset that keeps changing',
    async (deleted) => {
      bench.upload('A')
      const refused = { kind: 'status', status: 412 } as const
      bench.author.aem.faults.add({ method: 'PATCH', fault: refused })
      await record('A')
      await bench.run({ parts: { deleted } })
      expect(bench.pending()).toMatchObject([{ history: [{ code: 'AEM_ETAG_NOT_ACCEPTED' }] }])
      expect(bench.patches()).toBe(1)
    },
  )

  test('clear: an author that is down is not asked about each of many assets', async () => {
    for (let count = 0; count < 12; count++) bench.upload('A')
    const broken = bench.author.aem.faults.add({ method: 'PATCH', fault: { kind: 'status', status: 503 } })
    await record('A')
    await bench.run({ parts: { deleted: 'clear' } })
    const patched = bench.author.aem.requests.filter(({ method }) => method === 'PATCH')
    expect(new Set(patched.map(({ path }) => path)).size).toBe(5)
    broken.remove()
    bench.minutes(60)
    await bench.run({ parts: { deleted: 'clear' } })
    expect(bench.pending()).toEqual([])
  })

  test.each([
    'LAMP-hush-4711',
    'Bearer-of-lamps',
    'https://shop.example.com/lamp?sig=4711',
    'Bearer 12345678',
  ])(
    'clear: a product is the same one after it has been parked, whatever its name looks like: %s',
    async (sku) => {
      const context = { redactor: createRedactor(['hush-4711']) }
      const asset = bench.upload(sku)
      await record(sku)
      const broken = bench.author.aem.faults.add({ path: '/bin/', fault: { kind: 'status', status: 503 } })
      await bench.run({ parts: { deleted: 'clear' }, context })
      expect(bench.pending()).toMatchObject([{ event: { deleted: [{ kind: 'identifier', value: sku }] } }])
      broken.remove()
      bench.minutes(60)
      await bench.run({ parts: { deleted: 'clear' }, context })
      expect(bench.metadata(asset)).not.toHaveProperty('wknd-skuid')
      expect(bench.pending()).toEqual([])
    },
  )

  test('what fails for now stays on record', async () => {
    const asset = bench.upload('A')
    await record('A')
    const broken = bench.author.aem.faults.add({ path: '/bin/', fault: { kind: 'status', status: 503 } })
    await bench.run({ parts: { deleted: 'clear' } })
    expect(bench.pending()).toHaveLength(1)
    broken.remove()
    bench.minutes(60)
    await bench.run({ parts: { deleted: 'clear' } })
    expect(bench.metadata(asset)).not.toHaveProperty('wknd-skuid')
    expect(bench.pending()).toEqual([])
  })
})
