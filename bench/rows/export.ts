import { existsSync } from 'node:fs'
import { median } from '../../scripts/load-time'
import { bundleClient } from '../export/bundle'
import { sha1Of } from '../export/content'
import { type Copying, copyOnce, type Shape } from '../export/copy'
import { startSource } from '../export/source-process'
import { type TargetKind, targetKinds } from '../export/targets'
import { inTurn, type Sides } from '../harness/in-turn'
import { startLatency } from '../harness/latency'
import type { Measured } from '../harness/measure'
import type { Figure, Plot, Row, RowContext } from '../harness/row'
import { rcloneSentence, rcloneVersion } from '../rivals/rclone'

const mebibyte = 1024 * 1024
const inMemory = '/dev/shm'
const addedMs = 40
const memoryLimitMb = 200

/** Some files to one destination at one latency. */
type Found = { kind: TargetKind; shape: Shape; latencyMs: number; samples: Sides<Measured> }

/**
 * Copies files from a stand-in of AEM to each destination: start-up counted on both sides, every byte checked afterwards.
 * Ours also compares what it reads with AEM's SHA-1, for which rclone has no counterpart: `--unchecked` leaves that out.
 * What arrives is kept in memory where the machine can, for ours flushes files to the disk and rclone does not; set
 * TMPDIR to have it elsewhere.
 */
export const exportRow: Row = {
  name: 'export',
  question: 'How fast are files exported?',
  rival: rcloneSentence,
  options: {
    only: { what: 'destinations, separated by commas' },
    shape: { what: 'small (many files of 1 MiB) or big (one file)' },
    latency: { what: 'added round trips in milliseconds, separated by commas' },
    unchecked: { what: 'leave out the comparison with the SHA-1', isSwitch: true },
    profiles: { what: 'folder for CPU profiles of our side' },
  },
  run: async (context) => {
    if (existsSync(inMemory)) process.env.TMPDIR ??= inMemory
    const { version, notes, kinds } = prepared(context)
    const client = await bundleClient()
    const found: Found[] = []
    for (const shape of shapesOf(context)) {
      const source = await startSource(shape.files)
      try {
        for (const { latencyMs, rounds } of latenciesOf(context, shape)) {
          const latency = latencyMs === 0 ? undefined : startLatency(latencyMs)
          try {
            for (const kind of kinds.filter(({ hasNetwork }) => hasNetwork || latencyMs === 0)) {
              const profiles = context.text('profiles')
              const isUnchecked = context.has('unchecked')
              const copying: Copying = { kind, shape, source, latency, client, isUnchecked, profiles }
              const ours = () => copyOnce('ours', copying)
              const rival = version === undefined ? {} : { rival: () => copyOnce('rclone', copying) }
              // Each run is a new process at a new server, so there is nothing to warm up.
              const options = { rounds, oursOnly: context.oursOnly, warmUp: 0 }
              const samples = await inTurn({ ours, ...rival }, options)
              found.push({ kind, shape, latencyMs, samples })
              context.say(`  ${titleOf({ kind, shape, latencyMs })}: ${told(samples)}`)
            }
          } finally {
            latency?.close()
          }
        }
      } finally {
        source.close()
      }
    }
    return {
      figures: [
        ...found.filter(isOfTable).map(speed),
        // A profile is kept in memory.
        ...(context.text('profiles') === undefined ? kinds.flatMap((kind) => memory(kind, found)) : []),
        ...found.filter(({ latencyMs }) => latencyMs === 0).map(effort),
      ],
      plots: plotsOf(found),
      notes: [...notes, ...generalNotes],
    }
  },
}

const generalNotes = [
  'Speeds count from the start of the process to its end. What arrived is read back after each run.',
  'Ours compares what it reads with the SHA-1 that AEM names, and publishes a file only when it is whole; rclone has no such comparison for a source over HTTP.',
  'Ours knows the size of a file from the metadata of its asset, which the app reads in any case; rclone asks the source with HEAD, beside the files that it copies.',
  'The added latency stands before source and destination, for both sides alike; a handshake takes a round trip, too. It limits no bandwidth.',
  'Azure, S3 and HTTPS are stand-ins without TLS: Azurite, s3rver and Apache with mod_dav. OpenSSH is itself. They share the cores with what is measured.',
  'Profiles of our side (`--profiles`) show what remains: one large file over HTTPS takes its time in writes to the socket and in the SHA-1, which stand on one thread of ours, where rclone has several and no SHA-1; SFTP takes it in encryption, packet by packet, on that thread, too.',
  'S3 with an endpoint of its own is asked what it holds before each file is published, and rclone is told not to ask: that is a request more for each small file on our side.',
  's3rver puts the parts of an upload together by copying them, which costs a file of 32 MiB a quarter of a second. rclone sends files of up to 200 MiB in one request, ours those of up to 8 MiB. s3rver also computes an MD5 of each byte, on one thread, for both sides.',
  'A folder is for trying out, so it has no aim.',
]

function prepared({ isFull, text }: RowContext): {
  version: string | undefined
  notes: string[]
  kinds: readonly TargetKind[]
} {
  const names = text('only')?.split(',')
  const unknown = names?.filter((name) => !targetKinds.some((kind) => kind.name === name)) ?? []
  if (unknown.length > 0) throw new Error(`no destination named ${unknown.join(', ')}`)
  const chosen = targetKinds.filter(({ name, hasNetwork }) => names?.includes(name) ?? (hasNetwork || isFull))
  const version = rcloneVersion()
  return {
    version,
    notes: [
      version === undefined
        ? 'rclone is not installed here: there is nothing to compare with.'
        : `${version}.`,
      ...(isFull
        ? []
        : ['At this size most of the time is the start of a process, which `--full` makes small.']),
      ...chosen.flatMap(({ name, missing }) =>
        missing === undefined ? [] : [`${name} is left out: ${missing}.`],
      ),
    ],
    kinds: chosen.filter(({ missing }) => missing === undefined),
  }
}

function shapesOf({ isFull, text }: RowContext): Shape[] {
  const count = isFull ? 300 : 16
  const bigSize = isFull ? 1024 * mebibyte : 32 * mebibyte
  const small = Array.from({ length: count }, (_, index) => ({
    name: `small-${index}.bin`,
    seed: index + 1,
    size: mebibyte,
  }))
  const shapes = [
    { name: 'small', title: `${count} x 1 MiB`, files: small, concurrency: 8 },
    {
      name: 'big',
      title: isFull ? '1 x 1 GiB' : '1 x 32 MiB',
      files: [{ name: 'big.bin', seed: 0, size: bigSize }],
      concurrency: 1,
    },
  ].filter(({ name }) => name === (text('shape') ?? name))
  if (shapes.length === 0) throw new Error(`no shape named ${text('shape')}; there are small and big`)
  return shapes.map(({ files, ...shape }) => ({
    ...shape,
    files: files.map((file) => ({ ...file, sha1: sha1Of(file) })),
  }))
}

/** What is asked for; for the page some more, once each, for the plots. */
function latenciesOf(
  { isFull, text, rounds }: RowContext,
  { name }: Shape,
): { latencyMs: number; rounds: number }[] {
  const asked = text('latency')?.split(',').map(Number)
  if (asked?.some((ms) => !(ms >= 0))) throw new Error('--latency takes numbers of at least 0')
  const small = name === 'small'
  const usual = isFull ? [0, 10, addedMs, ...(small ? [100] : [])] : small ? [0, addedMs] : [0]
  return (asked ?? usual).map((latencyMs) => ({
    latencyMs,
    rounds: latencyMs === 0 ? rounds(1, 3) : asked !== undefined || isUsual(latencyMs) ? rounds(1, 2) : 1,
  }))
}

const isUsual = (latencyMs: number): boolean => [0, addedMs].includes(latencyMs)
const isOfTable = ({ latencyMs }: Found): boolean => isUsual(latencyMs)

const titleOf = ({ kind, shape, latencyMs }: Omit<Found, 'samples'>): string =>
  `${kind.name}, ${shape.title}${latencyMs === 0 ? '' : `, ${latencyMs} ms`}`

const seconds = (all: readonly Measured[]): string => all.map(({ ms }) => (ms / 1000).toFixed(2)).join(' ')

const told = ({ ours, rival }: Sides<Measured>): string =>
  `${seconds(ours)} s${rival.length === 0 ? '' : `; rclone ${seconds(rival)} s`}`

/** Applies to both sides, where there are two. */
function both(
  { ours, rival }: Sides<Measured>,
  read: (measured: Measured) => number,
): Pick<Figure, 'ours' | 'rival'> {
  return { ours: ours.map(read), ...(rival.length === 0 ? {} : { rival: rival.map(read) }) }
}

const speedOf =
  ({ files }: Shape) =>
  ({ ms }: Measured): number =>
    files.reduce((sum, { size }) => sum + size, 0) / mebibyte / (ms / 1000)

function speed(found: Found): Figure {
  const { times } = found.kind
  return {
    name: titleOf(found),
    unit: 'MiB/s',
    better: 'more',
    ...both(found.samples, speedOf(found.shape)),
    ...(times === undefined ? {} : { aim: { times } }),
  }
}

const effort = (found: Found): Figure => ({
  name: `${titleOf(found)}: processor time`,
  unit: 's',
  better: 'less',
  ...both(found.samples, ({ cpuMs }) => cpuMs / 1000),
})

/** Of each round the most that any of the destination's runs took. */
function memory(kind: TargetKind, found: readonly Found[]): Figure[] {
  const own = found.filter((one) => one.kind === kind && isOfTable(one))
  const most = (side: keyof Sides<Measured>): number[] =>
    (own[0]?.samples[side] ?? []).map((_, round) =>
      Math.max(...own.map(({ samples }) => samples[side][round]?.peakRssMb ?? 0)),
    )
  const [ours, rival] = [most('ours'), most('rival')]
  if (ours.includes(0)) return []
  return [
    {
      name: `${kind.name}: peak memory`,
      unit: 'MiB',
      better: 'less',
      ours,
      ...(rival.length === 0 ? {} : { rival }),
      aim: { atMost: memoryLimitMb },
    },
  ]
}

/** How the speed falls with latency, a plot for each shape that was measured with more than two. */
function plotsOf(found: readonly Found[]): Plot[] {
  const shapes = [...new Set(found.map(({ shape }) => shape))]
  return shapes.flatMap((shape) => {
    const own = found.filter((one) => one.shape === shape && one.kind.hasNetwork)
    if (new Set(own.map(({ latencyMs }) => latencyMs)).size < 3) return []
    const line = (kind: TargetKind, side: keyof Sides<Measured>) => ({
      name: side === 'ours' ? kind.name : `${kind.name}, rclone`,
      points: own
        .filter((one) => one.kind === kind && one.samples[side].length > 0)
        .map(({ latencyMs, samples }): [number, number] => [
          latencyMs,
          Number(median(samples[side].map(speedOf(shape))).toPrecision(4)),
        ]),
    })
    const kinds = [...new Set(own.map(({ kind }) => kind))]
    return [
      {
        name: shape.name,
        title: `Export of ${shape.title} by latency`,
        x: { label: 'added round trip (ms)' },
        y: { label: 'MiB/s' },
        lines: kinds
          .flatMap((kind) => [line(kind, 'ours'), line(kind, 'rival')])
          .filter(({ points }) => points.length > 0),
      },
    ]
  })
}
