import { createClock, type MovableClock } from '../../sandbox/clock'
import { type JournalStandIn, startJournal } from '../../sandbox/journal'
import type { JsonObject } from '../../sandbox/json'
import { cursorKey } from '../../src/journal/cursor'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
/** One for each test; State's client reads its endpoint once, so that there is one sandbox for all. */
let journal: JournalStandIn
let clock: MovableClock
const commands = createCommands(() => ({
  ...receiver.sandbox.operatorEnv(),
  JOURNAL_URL: journal.journalUrl,
}))
beforeAll(async () => {
  receiver = await startReceiver()
})
beforeEach(async () => {
  const { ADC_CECREDENTIALS_CLIENTID: clientId = '', ADC_CECREDENTIALS_ORGID: orgId = '' } =
    receiver.sandbox.inputs()
  clock = createClock()
  journal = await startJournal({ clock, clientId, orgId })
})
afterEach(() => journal.close())
afterAll(() => receiver.close())

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()

/** An event of an asset, so many minutes ago. */
const append = (name: string, minutes: number): JsonObject => {
  const { aem } = receiver.sandbox
  const path = `/content/dam/shop/${name}.jpg`
  const asset = aem.findByPath(path) ?? aem.addAsset({ path })
  const event = aem.processingCompletedEvent(asset, { time: minutesAgo(minutes) })
  journal.append(event)
  return event
}

const cursor = () => receiver.sandbox.state.value(cursorKey(journal.journalUrl))

describe('journal peek', () => {
  test('shows the next events with time, type, path and id, and moves nothing', async () => {
    const event = append('chair', 30)
    append('table', 20)

    const { code, stdout, stderr } = await commands(['journal', 'peek'])
    const { stdout: json } = await commands(['journal', 'peek', '--limit', '1', '--json'])

    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/not read yet\n.*\/content\/dam\/shop\/chair\.jpg.*\n.*table\.jpg.*\n$/)
    const [shown] = JSON.parse(json)
    expect(shown).toMatchObject({ cursorAt: null, gap: null })
    expect(shown.events).toEqual([
      {
        time: event.time,
        type: event.type,
        path: '/content/dam/shop/chair.jpg',
        id: event.id,
        position: journal.positions()[0],
      },
    ])
    expect(cursor()).toBeUndefined()
  })

  test('--from begins elsewhere than the cursor', async () => {
    append('chair', 30)
    const [position = ''] = journal.positions()
    saveCursor(position)
    append('table', 20)

    const next = await commands(['journal', 'peek'])
    const all = await commands(['journal', 'peek', '--from', 'oldest'])

    expect(next.stdout).not.toContain('chair')
    expect(next.stdout).toContain('table')
    expect(all.stdout).toMatch(/chair.*table/s)
  })

  test('what a hostile event says cannot steer the terminal', async () => {
    journal.append({ id: 'x\u001b[2Jy\nz', type: 't\u0007', data: 1 })
    const { stdout } = await commands(['journal', 'peek'])
    expect(stdout.split('\n')).toHaveLength(3)
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  test.each(['0', 'x', '1001', '1e2'])('--limit %s is wrong usage', async (limit) => {
    const { code, stderr } = await commands(['journal', 'peek', '--limit', limit])
    expect([code, stderr]).toEqual([2, expect.stringContaining('--limit must be a whole number')])
  })
})

describe('journal lag', () => {
  test('is nothing at the end, and the age of the next event before', async () => {
    const before = await commands(['journal', 'lag', '--json'])
    const begun = Date.now()
    append('chair', 30)
    const after = await commands(['journal', 'lag', '--json'])
    const tookSeconds = (Date.now() - begun) / 1_000
    const shown = await commands(['journal', 'lag'])

    expect(JSON.parse(before.stdout)).toMatchObject([{ isCaughtUp: true, lagSeconds: 0, next: null }])
    const [{ isCaughtUp, lagSeconds }] = JSON.parse(after.stdout)
    expect(isCaughtUp).toBe(false)
    expect(lagSeconds).toBeGreaterThanOrEqual(1_800)
    expect(lagSeconds).toBeLessThanOrEqual(1_801 + tookSeconds)
    expect(shown.stdout).toContain('The next event is 30 min old.')
    expect(cursor()).toBeUndefined()
  })

  test('a cursor whose position has expired is exit code 1, and says what is lost', async () => {
    append('chair', 9 * 24 * 60)
    const [position = ''] = journal.positions()
    saveCursor(position, 9 * 24 * 60)
    clock.advance(8 * 24 * 3_600_000)
    const { code, stdout } = await commands(['journal', 'lag'])
    expect([code, stdout]).toEqual([1, expect.stringContaining('Events have expired unread: from ')])
  })
})

/** As a run of export-batch leaves it. */
function saveCursor(position: string, minutes = 25): void {
  receiver.sandbox.state.write(
    cursorKey(journal.journalUrl),
    JSON.stringify({ position, at: minutesAgo(minutes), written: minutesAgo(minutes) }),
  )
}
