import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { readFile } from 'node:fs/promises'
import { declaredActions, ensureBuilt } from '../scripts/app-build'
import { type LoadSample, loadInTurn, median } from '../scripts/load-time'
import { buildBaseline } from './baseline'
import { printRows, type Row, writeResult } from './report'

const pairs = 21

/** A cold start of `generic`, against the same job on the whole SDK. */
export async function cold(): Promise<void> {
  await ensureBuilt()
  const ours = (await declaredActions()).find(({ name }) => name === 'generic')?.bundle
  if (ours === undefined) throw new Error('ext.config.yaml declares no action named generic')
  const baseline = await buildBaseline()

  const against = await Promise.all([
    compare('SDK, minimised as ours is', ours, baseline.minimised),
    Promise.resolve(undefined),
  ])
  void against
}

async function compare(_name: string, _ours: string, _theirs: string): Promise<Row[]> {
  return []
}
void execFile
void stat
void tmpdir
void join
void deflateRawSync
void readFile
void loadInTurn
void median
void printRows
void writeResult
void pairs
export type { LoadSample }
