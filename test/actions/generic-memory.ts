import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../../bench/export/bundle'
import type { JsonObject } from '../../sandbox/json'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'

const megabyte = 1_000_000
/** As V8 sizes its young generation in a container of 256 MB; on a larger machine it would take more. */
const nodeOptions = ['--max-old-space-size=256', '--max-semi-space-size=4']

const metadataOf: Readonly<Record<string, (bytes: number) => JsonObject>> = {
  'a text that no rule reads': (bytes) => ({ 'dc:description': 'x'.repeat(bytes) }),
  'keywords that no rule reads': (bytes) => ({ 'dc:subject': keywords(bytes) }),
  'properties that the mapping writes': (bytes) => ({ 'wknd-keywords': keywords(bytes) }),
}

/** Long ones: the stand-in, which copies and writes them too, is not what is measured. */
const keywords = (bytes: number): string[] =>
  Array.from({ length: bytes / 2_000 }, (_, index) => `keyword ${index} `.padEnd(1_997, 'y'))

/** Many events at once, each for an asset with metadata of this size. */
export type Burst = { events: number; megabytes: number; metadata: keyof typeof metadataOf }

type Told = { outcomes: Record<string, number>; mostBytes: number; ms: number }

/** Runs each in one process that has the memory of the action, and looks at what it needed. */
export function describeBursts(bursts: readonly Burst[]): void {
  let folder: string
  let client: string
  let sandbox: Sandbox
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bridge-bundle-'))
    client = await bundle(join(__dirname, 'fixtures/burst.ts'), folder)
  })
  beforeEach(async () => {
    sandbox = await startSandbox()
  })
  afterEach(() => sandbox.close())
  afterAll(() => rm(folder, { recursive: true, force: true }))

  for (const { events, megabytes, metadata } of bursts) {
    it(`of ${events} events for assets with ${megabytes} MB each, ${metadata}, fits into 256 MB and into the time of an event`, async () => {
      const assetMetadata = metadataOf[metadata]?.(megabytes * megabyte) ?? {}
      const raised = Array.from({ length: events }, (_, index) =>
        sandbox.aem.processingCompletedEvent(
          sandbox.aem.addAsset({ path: `/content/dam/shop/burst-${index}.png`, assetMetadata }),
        ),
      )
      const { outcomes, mostBytes } = await runIn(client, sandbox, raised)
      expect(outcomes).toEqual({ updated: events })
      expect(mostBytes).toBeLessThan(256 * megabyte)
      // Some answers are asked for again, as long as nothing is known about their size; not all of them twice.
      const reads = sandbox.aem.requests.filter(({ method }) => method === 'GET')
      expect(reads.length).toBeLessThan(1.5 * events)
    })
  }
}

/** What the process told, which ends with an error when it runs out of memory. */
function runIn(client: string, sandbox: Sandbox, events: readonly JsonObject[]): Promise<Told> {
  const child = spawn(process.execPath, [...nodeOptions, client], {
    env: { ...process.env, ...sandbox.env() },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  child.stdin.end(
    JSON.stringify({ inputs: { ...sandbox.inputs(), LOG_LEVEL: 'error' }, events, leftMs: 60_000 }),
  )
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(said.stdout.trim().split('\n').at(-1) ?? ''))
      else reject(new Error(`the process ended with ${code ?? signal}: ${said.stderr.slice(-500)}`))
    })
  })
}
