import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTable } from '../../cli/backfill-table'

test.each([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(1)', "'@SUM(1)"],
  ['\t=1+1', "'\t=1+1"],
  ['\n=1+1', '"\'\n=1+1"'],
  [' =1+1', "' =1+1"],
  ['\u{FF1D}1+1', "'\u{FF1D}1+1"],
  ['a "b", c', '"a ""b"", c"'],
  [' a', ' a'],
])('a value %j of a PIM is no formula in the table', async (value, cell) => {
  const file = join(await mkdtemp(join(tmpdir(), 'table-')), 'report.csv')
  const asset = { id: 'urn:aaid:aem:1', path: '/content/dam/a.png' }
  const changes = [{ property: 'p', old: null, new: value, rule: 'r' }]
  const table = await openTable(file, () => [{ asset, changes, outcome: 'written' }])

  await table.onWorked({ ref: { origin: 'https://author.example', ...asset }, outcomes: [] })
  await table.close()

  const row = `/content/dam/a.png,urn:aaid:aem:1,written,p,,${cell},r,,,\r\n`
  expect((await readFile(file, 'utf8')).split('\r\n').slice(1).join('\r\n')).toBe(row)
})
