import { mkdir, writeFile } from 'node:fs/promises'
import { arch, cpus } from 'node:os'
import { join } from 'node:path'
import { root } from '../scripts/command'

/** One figure of ours against the other's; the ratio tells how many times more the other needs. */
export type Row = { figure: string; unit: string; ours: number; other: number }

/** Prints a comparison, one figure a line. */
export function printRows(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`)
  console.log(`  ${'figure'.padEnd(34)}${'ours'.padStart(12)}${'other'.padStart(12)}${'ratio'.padStart(9)}`)
  for (const { figure, unit, ours, other } of rows) {
    const label = `${figure} (${unit})`.padEnd(34)
    const ratio = `${(other / ours).toFixed(1)}x`
    console.log(`  ${label}${format(ours).padStart(12)}${format(other).padStart(12)}${ratio.padStart(9)}`)
  }
}

const format = (figure: number): string => figure.toLocaleString('en', { maximumFractionDigits: 1 })

/** Writes `bench/out/<name>.json`: the figures, and on what machine they were taken. */
export async function writeResult(name: string, result: Readonly<Record<string, unknown>>): Promise<void> {
  const folder = join(root, 'bench/out')
  await mkdir(folder, { recursive: true })
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, arch: arch() }
  const text = JSON.stringify({ at: new Date().toISOString(), machine, ...result }, null, 2)
  await writeFile(join(folder, `${name}.json`), `${text}\n`)
  console.log(`\nwritten to bench/out/${name}.json`)
}
