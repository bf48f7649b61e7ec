import { isSilent } from '../../src/app/silence'

const now = Date.parse('2030-01-07T08:30:00Z')
const minutesAgo = (minutes: number): number => now - minutes * 60_000

test.each<[string, Parameters<typeof isSilent>[0], number, boolean | undefined]>([
  ['two intervals and the patience', { minutes: 10 }, 40, false],
  ['more than that', { minutes: 10 }, 41, true],
  ['a longer interval', { minutes: 60 }, 139, false],
  ['more than a longer one', { minutes: 60 }, 141, true],
  // Due at 08:10 and 08:00, before the patience.
  ['a cron expression', { cron: '*/10 * * * *' }, 30, false],
  ['two alarms by a cron expression', { cron: '*/10 * * * *' }, 31, true],
  // 2030-01-07 is a Monday: the alarms before were those of Friday and Thursday.
  ['a weekend', { cron: '0 9 * * 1-5' }, 3 * 24 * 60, false],
  ['a weekend and a day', { cron: '0 9 * * 1-5' }, 5 * 24 * 60, true],
  ['what never comes', { cron: '0 0 31 2 *' }, 9_999, undefined],
])('%s', (_, alarm, minutes, expected) => {
  expect(isSilent(alarm, minutesAgo(minutes), now)).toBe(expected)
})
