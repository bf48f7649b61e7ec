import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { CallContext } from '../../core/call-context'
import { transientError } from '../../core/errors'
import type { CheckReport, Right } from '../../plugin/check'
import type { AssetBinary, Destination, StoredObject } from '../../plugin/destination'
import { type CheckTools, goesOn, runCheck } from './check'
import type { CheckRules } from './check-step'
import { isMadeFrom, probeBegin } from './stored'

/** What is particular about a store whose files have keys. */
export type KeyedCheckRules = CheckRules & {
  /** What to do about a missing right: `grant s3:PutObject`. */
  remedies: Readonly<Partial<Record<Right, string>>>
  /** What it takes to be told that nothing is there. @default 'read' */
  absence?: Right
  /** Shows that files could be written, and publishes none: for a store that removes none. */
  writeUnpublished?(key: string, call: CallContext): Promise<void>
  /** Why no file is written when it could not be removed and there is no `writeUnpublished`. */
  whyNotWritten: string
}

type Store = Pick<Destination, 'head' | 'put' | 'remove'>

/** A name that no asset's key has by chance; hidden where names with a dot in front are. */
const probeKey = (): string => `${probeBegin}${randomBytes(8).toString('hex')}`

/** A small file. */
function probeFile(key: string, version: string): AssetBinary {
  const bytes = Buffer.from(`A check of aem-asset-bridge, ${version}. It may be removed.\n`)
  return {
    name: key,
    size: bytes.length,
    mediaType: 'text/plain',
    version: `check-${version}`,
    modified: 0,
    open: async () => Readable.from([bytes], { objectMode: false }),
  }
}

/**
 * Checks a store with the methods that its destination has. It removes first, where nothing is: a file is put only when
 * it can be removed again.
 */
export function checkByKey(store: Store, rules: KeyedCheckRules, call: CallContext): Promise<CheckReport> {
  const { head, remove } = store
  const { remedies, absence = 'read' } = rules
  const key = probeKey()
  let state: 'absent' | 'unknown' | 'written' = 'absent'

  return runCheck(rules, call, check, async ({ step }, own) => {
    if (state === 'absent' || remove === undefined) return
    const remedy = `remove ${key} by hand, and ${remedies.delete ?? 'let files be removed'}`
    const about =
      state === 'written'
        ? ({ what: `Remove the file ${key} again.`, right: 'delete', remedy } as const)
        : { what: 'Remove what may have been left by the write that failed.' }
    await step(about, () => remove(key, own))
  })

  async function check(tools: CheckTools): Promise<void> {
    const { step, skip } = tools
    let mayRemove = false
    if (remove === undefined) skip('Remove a file.', 'This destination removes nothing.')
    else {
      const about = { what: 'Remove a file that is not there.', ...needs('delete') }
      const removed = await step(about, () => remove(key, call))
      if (!goesOn(removed)) return
      mayRemove = removed.ok
    }
    if (head === undefined) skip('Look for a file.', 'This destination does not tell what it holds.')
    else {
      const about = { what: 'Look for a file that is not there.', ...needs(absence) }
      if (!goesOn(await step(about, () => head(key, call)))) return
    }
    if (mayRemove) await writeAndRead(tools)
    else if (rules.writeUnpublished === undefined) skip('Write a file.', rules.whyNotWritten)
    else {
      const about = { what: 'Begin to write a file, and publish nothing.', ...needs('write') }
      await step(about, () => rules.writeUnpublished?.(key, call) ?? Promise.resolve())
    }
  }

  async function writeAndRead({ step }: CheckTools): Promise<void> {
    const [first, second] = [probeFile(key, '1'), probeFile(key, '2')]
    let previous: StoredObject | undefined
    const written = await step({ what: `Write the file ${key}.`, ...needs('write') }, async () => {
      state = 'unknown'
      previous = await store.put(key, first, {}, call)
      state = 'written'
    })
    if (!written.ok) return
    if (head !== undefined) {
      const about = { what: 'Read back which version it is.', ...needs('read') }
      const read = await step(about, async () => {
        const held = await head(key, call)
        if (!isMadeFrom(first, held)) throw differs(first, held)
      })
      if (!goesOn(read)) return
    }
    const about = { what: 'Write a newer version over it.', ...needs('write') }
    await step(about, () => store.put(key, second, previous === undefined ? {} : { previous }, call))
  }

  function needs(right: Right): { right: Right; remedy?: string } {
    const remedy = remedies[right]
    return { right, ...(remedy !== undefined && { remedy }) }
  }
}

const differs = (sent: AssetBinary, held: StoredObject | undefined) =>
  transientError(
    'CHECK_READ_DIFFERS',
    held === undefined
      ? 'the file that was written is not there'
      : `${sent.size} bytes of version ${sent.version} were written, and ${held.size} of version ${held.version ?? 'unknown'} are there`,
  )
