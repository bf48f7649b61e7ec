import { readdirSync, readFileSync } from 'node:fs'
import { createGeneratedLibrary, libraryProduct } from '../../sandbox/aem/generated-library'
import { builtActions } from '../../sandbox/deployment'
import type { JsonObject } from '../../sandbox/json'
import { startSandbox } from '../../sandbox/sandbox'
import { sampleRoot } from '../../scripts/command'
import { usedCpuMs } from '../harness/measure'
import { type Asked, type Counts, type Cpu, firstRequest, type Ready, type StandInOptions } from './protocol'

/*
 * The stand-ins in a process of their own, so that CPU and memory of what is measured are its own. Started by
 * library.ts with a channel; argv[2] is StandInOptions.
 */

const worker = 'export-worker'

async function run({ assets, latencyMs, hasWorkers }: StandInOptions): Promise<void> {
  const spec = hasWorkers ? builtActions(sampleRoot)[worker] : undefined
  const sandbox = await startSandbox({
    aem: { assets },
    ...(spec === undefined ? {} : { actions: { [worker]: spec }, logLevel: 'warn' }),
  })
  const { clock, aem, ims, pim, state, runtime } = sandbox
  if (latencyMs > 0) aem.faults.add({ fault: { kind: 'latency', delayMs: latencyMs } })
  const linked = linkedAssets(assets, aem.host)

  let counts = noCounts()
  let isFirst = true
  /** What the stand-ins recorded is counted and let go. */
  const count = (): void => {
    if (isFirst && aem.requests.length > 0) {
      isFirst = false
      process.send?.({ id: firstRequest })
    }
    for (const { method, path } of aem.requests.splice(0)) {
      if (path.startsWith('/bin/querybuilder')) counts.searches += 1
      else if (method === 'PATCH') counts.patches += 1
      else counts.reads += 1
    }
    counts.pim += pim.requests.splice(0).length
    counts.state += state.requests.splice(0).length
    counts.activations += runtime.api.requests.splice(0).length
    ims.requests.length = 0
  }
  setInterval(count, 5)

  /** Has every asset hold the facts of its product, but for each `offEvery`-th of them; 0: none is off. */
  const prepare = (offEvery: number): number => {
    let off = 0
    for (const [index, { id, facts }] of linked.entries()) {
      const isOff = offEvery > 0 && index % offEvery === 0
      if (isOff) off += 1
      aem.edit(id, ({ assetMetadata }) => {
        // What is exported is the question of another row.
        delete assetMetadata.exportDestination
        Object.assign(assetMetadata, facts)
        if (isOff) for (const name of ['wknd-sku', 'wknd-name', 'wknd-supplier']) delete assetMetadata[name]
      })
    }
    return off
  }

  const lacking = (): number =>
    linked.filter(({ id, facts }) => {
      const { assetMetadata } = aem.asset(id)
      return Object.entries(facts).some(([name, value]) => assetMetadata[name] !== value)
    }).length

  /** As if no run had been there before. */
  const forget = async (): Promise<void> => {
    const { AIO_runtime_namespace: namespace, AIO_runtime_auth: auth = '' } = sandbox.operatorEnv()
    const headers = { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }
    await fetch(`${state.url}/containers/${namespace}?matchData=*`, { method: 'DELETE', headers })
  }

  const answer = async (asked: Asked): Promise<unknown> => {
    switch (asked.what) {
      case 'prepare':
        return prepare(asked.offEvery)
      case 'lacking':
        return lacking()
      case 'advance':
        return clock.advance(asked.ms)
      case 'forget':
        return forget()
      case 'cpu':
        return cpu()
      case 'counts': {
        count()
        const taken = counts
        counts = noCounts()
        isFirst = true
        return taken
      }
      case 'close':
        return sandbox.close()
    }
  }

  process.on('message', (asked: Asked) => {
    void answer(asked).then((value) => process.send?.({ id: asked.id, value }))
  })
  // Nobody is left to ask.
  process.once('disconnect', () => process.exit(0))
  const ready: Ready = {
    operatorEnv: sandbox.operatorEnv(),
    activationEnv: sandbox.env(),
    inputs: sandbox.inputs(),
    pim: { url: pim.url, apiKey: pim.apiKey },
  }
  process.send?.(ready)
}

/** The assets whose product the PIM knows, and what the sample configuration writes to them. */
function linkedAssets(size: number, host: string): { id: string; facts: JsonObject }[] {
  // Names and ids do not depend on the moment.
  const library = createGeneratedLibrary({ size, host, now: 0 })
  const linked: { id: string; facts: JsonObject }[] = []
  for (let number = 0; number < size; number++) {
    const { id, path } = library.at(number)
    const product = libraryProduct(path.replace(/^.*\/|\.\w+$/g, ''), size)
    if (product === undefined) continue
    const { sku = '', name = '', supplier = '' } = product
    const facts = { 'wknd-skuid': sku, 'wknd-sku': sku, 'wknd-name': name, 'wknd-supplier': supplier }
    linked.push({ id, facts })
  }
  return linked
}

function cpu(): Cpu {
  const { user, system } = process.cpuUsage()
  const workersMs = childrenOf(process.pid).reduce((sum, pid) => sum + usedCpuMs(pid), 0)
  return { standInsMs: (user + system) / 1000, workersMs }
}

/** None where there is no /proc. */
function childrenOf(parent: number): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && parentOf(pid) === parent)
  } catch {
    return []
  }
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1])
  } catch {
    return 0
  }
}

const noCounts = (): Counts => ({ searches: 0, reads: 0, patches: 0, pim: 0, state: 0, activations: 0 })

run(JSON.parse(process.argv[2] ?? '{}')).catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
