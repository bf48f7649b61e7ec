import { parseFilter } from '../../sandbox/akeneo/event-filter'
import type { JsonObject } from '../../sandbox/json'

const by = (identifier: string, type = 'user'): JsonObject => ({
  product: { uuid: 'u-1' },
  author: { identifier, type },
})
const row = (scope: string | null, locale: string | null) => ({
  previous: null,
  new: 'x',
  type: 't',
  scope,
  locale,
})
const delta = (values: JsonObject): JsonObject => ({
  product: { uuid: 'u-1', changes: { values } },
  ...author,
})
const author: JsonObject = { author: { identifier: 'ada', type: 'user' } }

it.each<[string, JsonObject, boolean]>([
  ['user="ada"', by('ada'), true],
  ['user="ada"', by('eve'), false],
  ['user_type="user"', by('ada'), true],
  ['not user="ada"', by('ada'), false],
  ['not user="ada"', {}, true],
  ['user="ada"', {}, false],
  ['user in ["eve","ada"]', by('ada'), true],
  ['user in [ "eve" ]', by('ada'), false],
  ['user="eve" or user_type="user" and user="ada"', by('ada'), true],
  ['(user="eve" or user_type="user") and user="bob"', by('ada'), false],
  ['not (user="eve" or user="ada")', by('ada'), false],
  ['attribute="name"', delta({ name: [row(null, null)] }), true],
  ['attribute="name"', delta({ color: [row(null, null)] }), false],
  ['attribute="name"', by('ada'), false],
  ['scope="print"', delta({ name: [row('print', null)] }), true],
  ['channel="print"', delta({ name: [row('ecommerce', null)] }), false],
  ['locale="de_DE"', delta({ name: [row(null, null)] }), true],
  ['locale="de_DE"', delta({ name: [row(null, 'en_US')] }), false],
])('%s', (filter, data, wanted) => {
  expect(parseFilter(filter)(data)).toBe(wanted)
})

it.each([
  ['', 'no field'],
  ['user=ada', 'double quotes'],
  ["user='ada'", 'cannot be read'],
  ['name="ada"', 'no field "name"'],
  ['constructor="ada"', 'no field'],
  ['user "ada"', 'needs "="'],
  ['user in ["ada"', 'lacks "]"'],
  ['(user="ada"', 'lacks ")"'],
  ['user="ada" user="eve"', 'goes on'],
  [`user="${'x'.repeat(500)}"`, 'longer than 500'],
  [Array.from({ length: 12 }, () => 'user="a"').join(' or '), 'more than 10'],
])('%s is refused', (filter, reason) => {
  expect(() => parseFilter(filter)).toThrow(reason)
})
