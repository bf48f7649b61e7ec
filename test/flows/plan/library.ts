import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../../sandbox/json'
import type { AssetsClient } from '../../../src/aem/assets-client'
import type { JsonValue } from '../../../src/core/json'
import { applyChanges } from '../../../src/flows/plan/apply-changes'
import { type PlanHead, readPlan } from '../../../src/flows/plan/plan-file'
import type { PlannedChange } from '../../../src/flows/plan/planned-change'
import { begunIn, openReport, partsOfReport, reportOf } from '../../../src/flows/plan/report-file'
import type { Summary } from '../../../src/flows/plan/summary'
import { undoChanges } from '../../../src/flows/plan/undo-changes'
import { createMemoryGate } from '../../../src/http/memory-gate'
import { startAuthor, type TestAuthor } from '../../support/author'
import { startCall, type TestCall } from '../../support/call'

/** What a plan is to change: a property, and what it is to hold; null for nothing. */
export type Wanted = Readonly<Record<string, JsonValue>>

/** An author with assets, and plans for them. */
export type PlanLibrary = {
  author: TestAuthor
  /** Adds an asset. */
  add(metadata: JsonObject): string
  metadata(id: string): JsonObject
  edit(id: string, values: Readonly<Record<string, JsonValue>>): void
  /** Writes a plan for these assets as they are now. */
  plan(wanted: ReadonlyMap<string, Wanted>): Promise<string>
  /** @param stop after so many writes, as a kill would */
  apply(plan: string, stop?: { afterWrites: number }): Promise<Summary | 'stopped'>
  undo(plan: string): Promise<Summary>
  close(): Promise<void>
}

const head: Omit<PlanHead, 'host'> = {
  plan: 1,
  kind: 'enrich',
  created: '2030-01-02T03:04:05.000Z',
  rules: 'rules',
}

export async function startLibrary(): Promise<PlanLibrary> {
  const author = await startAuthor()
  const { aem, clock } = author
  const folder = await mkdtemp(join(tmpdir(), 'plans-'))
  const parts = {
    assets: author.client({ concurrency: 16 }) satisfies AssetsClient,
    clock,
    random: () => 0,
    memory: createMemoryGate(),
  }
  const host = new URL(aem.url).host
  let [assets, plans] = [0, 0]
  return {
    author,
    add(metadata) {
      assets += 1
      const path = `/content/dam/shop/lamp-${assets}.png`
      return aem.addAsset({ path, content: { size: 10, seed: path }, assetMetadata: metadata }).id
    },
    metadata: (id) => aem.asset(id).assetMetadata,
    edit(id, values) {
      aem.edit(id, ({ assetMetadata }) => Object.assign(assetMetadata, values))
    },
    async plan(wanted) {
      plans += 1
      const path = join(folder, `plan-${plans}.jsonl`)
      const lines = [...wanted].map(([id, values]) => {
        const { path, etag, assetMetadata } = aem.asset(id)
        const changes = Object.entries(values).map(
          ([property, value]): PlannedChange => ({
            property,
            old: assetMetadata[property] ?? null,
            new: value,
            rule: 'a rule',
          }),
        )
        return JSON.stringify({ asset: { id, path, etag }, changes })
      })
      await writeFile(path, `${[JSON.stringify({ ...head, host }), ...lines].join('\n')}\n`)
      return path
    },
    async apply(path, stop) {
      const call = startCall()
      if (stop !== undefined) stopAfter(stop.afterWrites, call)
      const plan = await readPlan(path)
      const report = await openReport(reportOf(path), plan.head, clock.now())
      try {
        const options = { waitsMs: [], begun: await begunIn(reportOf(path)) }
        return await applyChanges({ path, origin: aem.url }, parts, report, options, call)
      } catch (thrown) {
        if (thrown === stopped) return 'stopped'
        throw thrown
      } finally {
        aem.onBeforePatch = undefined
        await report.close()
      }
    },
    async undo(plan) {
      const path = reportOf(plan)
      const pieces = await partsOfReport(path)
      return undoChanges({ path, origin: aem.url, pieces }, parts, { waitsMs: [] }, startCall())
    },
    async close() {
      await author.close()
      await rm(folder, { recursive: true })
    },
  }

  function stopAfter(writes: number, call: TestCall): void {
    let left = writes
    aem.onBeforePatch = () => {
      left -= 1
      // This one arrives, and its answer does not.
      if (left <= 0) call.abort(stopped)
    }
  }
}

const stopped = new Error('stopped')
