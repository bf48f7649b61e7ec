import { dueBefore } from '../../src/app/cron'

const now = Date.parse('2030-01-07T08:30:10Z')
const at = (cron: string, count: number): string | undefined => {
  const due = dueBefore(cron, now, count)
  return due === undefined ? undefined : new Date(due).toISOString()
}

test.each([
  ['*/10 * * * *', 1, '2030-01-07T08:30:00.000Z'],
  ['*/10 * * * *', 2, '2030-01-07T08:20:00.000Z'],
  ['5/20 * * * *', 1, '2030-01-07T08:25:00.000Z'],
  ['0 */10 * * * *', 2, '2030-01-07T08:20:00.000Z'],
  ['15,45 6-8 * * *', 2, '2030-01-07T07:45:00.000Z'],
  // 2030-01-07 is a Monday.
  ['0 9 * * 1-5', 1, '2030-01-04T09:00:00.000Z'],
  ['0 9 * * 1-5', 2, '2030-01-03T09:00:00.000Z'],
  ['0 0 * * 7', 1, '2030-01-06T00:00:00.000Z'],
  ['0 0 1 * 0', 2, '2030-01-01T00:00:00.000Z'],
  ['0 0 31 2 *', 1, undefined],
  ['0 0 * * MON', 1, '2030-01-07T00:00:00.000Z'],
  ['30 8 * * *', 1, '2030-01-07T08:30:00.000Z'],
  ['every day', 1, undefined],
  ['*/0 * * * *', 1, undefined],
])('%s, %i ago: %s', (cron, count, expected) => {
  expect(at(cron, count)).toBe(expected)
})
