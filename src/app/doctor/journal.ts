import { systemClock } from '../../core/clock'
import type { FlowContext } from '../../flows/event-flow'
import { imsInputs } from '../../ims/inputs'
import { sourceOf, valuesOf } from '../../inputs/values'
import { createCursorKeeper } from '../../journal/cursor'
import { journalInputs } from '../../journal/inputs'
import { type Cursor, retentionMs } from '../../journal/position'
import { createJournalReader } from '../../journal/reader'
import { httpFor } from '../access'
import { type Check, failed, skipped } from './checks'
import { imsTokens } from './ims'

/** Each journal: whether it can be read, and whether it still has what follows the cursor. Nothing is moved. */
export function journalChecks(context: FlowContext): readonly Check[] {
  const { JOURNAL_URL } = context.inputs
  const urls = JOURNAL_URL === undefined ? undefined : journalInputs.JOURNAL_URL.shape(JOURNAL_URL)
  // One is named in any case, so that the list of checks is the same.
  const count = urls !== undefined && 'value' in urls ? urls.value.length : 1
  return Array.from({ length: count }, (_, index) => journalCheck(context, index)).flat()
}

function journalCheck(context: FlowContext, index: number): readonly Check[] {
  const suffix = index === 0 ? '' : `.${index + 1}`
  const [readName, cursorName] = [`journal.read${suffix}`, `journal.cursor${suffix}`]
  const { store, clock } = context

  function open() {
    const { ADC_CECREDENTIALS_CLIENTID, ADC_CECREDENTIALS_ORGID } = imsInputs
    const settings = valuesOf(
      { ADC_CECREDENTIALS_CLIENTID, ADC_CECREDENTIALS_ORGID, ...journalInputs },
      sourceOf(context.inputs),
      { required: ['ADC_CECREDENTIALS_ORGID', 'JOURNAL_URL'] },
    )
    const url = settings.JOURNAL_URL[index] ?? ''
    const reader = createJournalReader(
      {
        url,
        apiKey: settings.ADC_CECREDENTIALS_CLIENTID,
        orgId: settings.ADC_CECREDENTIALS_ORGID,
        pageLimit: 1,
      },
      { http: httpFor(context), tokens: imsTokens(context), clock: systemClock },
    )
    return { url, reader }
  }

  return [
    {
      name: readName,
      needs: ['inputs.journal', 'ims.scopes'],
      remedy:
        'Copy the journaling endpoint of the registration to JOURNAL_URL (npx bridge registrations list), and check that the workspace has the I/O Management API.',
      run: async (call) => {
        await open().reader.pages({ from: 'latest' }, call).next()
        return 'The journal can be read.'
      },
    },
    {
      name: cursorName,
      needs: [readName, 'state.access'],
      remedy:
        'See that export-batch runs (npx bridge runs list): its next run goes on with the oldest event. Publish or process again what changed in the time that is lost.',
      run: async (call) => {
        const { url, reader } = open()
        const cursor = await createCursorKeeper(url, { store, clock }).load(call)
        if (cursor === undefined) return skipped('No run has read this journal yet.')
        const isOld = cursor.at !== undefined && clock.now() - cursor.at > retentionMs
        const { value: read } = await reader.pages(cursor, call).next()
        const isGone = read !== undefined && read.kind === 'gone'
        if (isOld || isGone)
          return failed(
            'JOURNAL_GONE',
            `The journal no longer has what follows the cursor${lastRead(cursor)}.`,
          )
        return `The journal still has what follows the cursor${lastRead(cursor)}.`
      },
    },
  ]
}

const lastRead = ({ at }: Cursor): string =>
  at === undefined ? '' : `, which stands at ${new Date(at).toISOString()}`
