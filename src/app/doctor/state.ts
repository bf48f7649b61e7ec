import { randomBytes } from 'node:crypto'
import type { FlowContext } from '../../flows/event-flow'
import { sourceOf, valuesOf } from '../../inputs/values'
import { cursorKey } from '../../journal/cursor'
import { journalUrls } from '../../journal/position'
import { storeInputs } from '../../store/inputs'
import { type StateRegion, stateRegions } from '../../store/state-store'
import type { Store, StoreUse } from '../../store/store'
import { type Check, failed, skipped, type Verdict, warning } from './checks'

/** Opens the State service of a region, with the credentials of the namespace. */
export type StateOfRegion = (region: StateRegion) => Pick<Store, 'get'>

const probe = 'doctor.probe'
const remedy =
  'Check that AIO_runtime_namespace and AIO_runtime_auth are those of the workspace (npx aio app use), and STATE_REGION.'

/** State: whether it answers, whether the records are in the region that is set, and with `write` whether it keeps a value. */
export function stateChecks(
  context: Pick<FlowContext, 'inputs' | 'store'>,
  { stateOf, write }: { stateOf: StateOfRegion; write: boolean },
): readonly Check[] {
  const { store } = context
  return [
    {
      name: 'state.access',
      needs: ['inputs.state'],
      remedy,
      run: async ({ signal }) => {
        await store.get(probe, signal)
        return 'State answers.'
      },
    },
    {
      name: 'state.region',
      needs: ['state.access'],
      remedy: 'Set STATE_REGION to the region that the message names, and deploy again.',
      run: async ({ signal }) => {
        const keys = recordsOf(context)
        const holds = async (one: Pick<Store, 'get'>): Promise<boolean> =>
          (await Promise.all(keys.map((key) => one.get(key, signal)))).some((value) => value !== undefined)
        const { STATE_REGION: own } = valuesOf(storeInputs, sourceOf(context.inputs))
        if (await holds(store)) return `The records of the runs are in ${own}.`
        const others = stateRegions.filter((region) => region !== own)
        const found = await Promise.all(
          others.map(async (region) => {
            const isThere = await holds(stateOf(region)).catch(() => {
              signal.throwIfAborted()
              return false
            })
            return isThere ? [region] : []
          }),
        )
        const [elsewhere] = found.flat()
        if (elsewhere === undefined) return 'No region holds records of a run yet.'
        return failed(
          'STATE_REGION_DIFFERS',
          `STATE_REGION is ${own}, which holds no records of runs, and ${elsewhere} does: cursors, dead letters and parked work are there.`,
        )
      },
    },
    {
      name: 'state.room',
      needs: ['state.access'],
      remedy:
        'See what fills it: npx bridge dead-letters list, pending list. Replay or drop what is old, and see whether other apps of the workspace keep something there.',
      run: async ({ signal }) =>
        store.used === undefined
          ? skipped('This State does not tell how much it holds.')
          : roomOf(await store.used(signal)),
    },
    ...(write
      ? [
          {
            name: 'state.write',
            needs: ['state.access'],
            remedy,
            run: async ({ signal }: { signal: AbortSignal }) => {
              const value = randomBytes(8).toString('hex')
              await store.put(probe, value, 60, signal)
              const held = await store.get(probe, signal)
              await store.remove(probe, signal)
              if (held === value) return 'A value was written, read back and removed.'
              return failed('STATE_READ_DIFFERS', 'The value that was written was not read back.')
            },
          },
        ]
      : []),
  ]
}

const mb = 1_000_000
/**
 * What a workspace may have. State tells what is used, and not which of these it is.
 * Source: Adobe, App Builder, limits of State.
 */
const limits = { keys: 200_000, bytes: 200 * mb, productionBytes: 1_000 * mb }
const nearlyFull = 0.8

function roomOf({ keys, bytes }: StoreUse): Verdict {
  const held = `State holds ${keys} of ${limits.keys} keys, and ${(bytes / mb).toFixed(1)} MB. A workspace may have 200 MB, the one of production 1 GB`
  const isFull = keys >= nearlyFull * limits.keys || bytes >= nearlyFull * limits.productionBytes
  if (isFull) return failed('STATE_NEARLY_FULL', `${held}: when it is full, no failure can be put on record.`)
  if (bytes >= nearlyFull * limits.bytes)
    return warning('STATE_NEARLY_FULL', `${held}: outside of production it is nearly full.`)
  return { status: 'ok', message: `${held}.` }
}

/** Some that every deployment has after its first runs. */
function recordsOf({ inputs }: Pick<FlowContext, 'inputs'>): readonly string[] {
  const urls = journalUrls(inputs.JOURNAL_URL ?? '')
  const cursors = 'value' in urls ? urls.value.map(cursorKey) : []
  return [...cursors, 'run.export-batch.0', 'run.reconcile.0']
}
