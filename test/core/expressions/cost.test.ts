import { join } from 'node:path'
import { costlyText } from './cost'
import { expressionsIn } from './literals'

const folders = ['src', 'cli', 'config', 'actions']
const all = folders.map((folder) => ({
  folder,
  ...expressionsIn(join(__dirname, '..', '..', '..', folder)),
}))

describe('an expression whose cost grows faster than the text', () => {
  it.each([
    ['a run that has to end the text', /[. ]+$/],
    ['a run that begins anywhere', /\b[a-z][a-z0-9+.-]*:\/\/x/],
    ['a run that begins at a word', /\beyJ[A-Za-z0-9_-]{5,}\./g],
    ['a rest that does not reach over a line', /[?#].*$/],
    ['a choice inside a repetition', /^(a|a)*$/],
    ['two ways through the same spaces', /^<(?:\s*;\s*[a-z]+(?:\s*=\s*[^\s;,"]*)?)*\s*>$/],
  ])(
    'is found: %s',
    (_, expression) => {
      expect(costlyText(expression)).toBeDefined()
    },
    60_000,
  )

  it.each([
    ['a run', /[^A-Za-z0-9.-]+/g],
    ['an anchored list', /^(\/([^~/]|~[01])*)+$/],
    ['a bounded run', /\.[A-Za-z0-9]{1,15}$/],
  ])('is not taken for one: %s', (_, expression) => {
    expect(costlyText(expression)).toBeUndefined()
  })
})

describe('an expression of the app', () => {
  it('stands there as a literal, or is made of what the operator writes', () => {
    expect(all.flatMap(({ composed }) => composed)).toEqual(['metadata/matching.ts', 'metadata/roles.ts'])
  })
})
