import { parse } from 'dotenv'
import fc from 'fast-check'
import { CommandError } from '../../../cli/output'
import { readEnvText, withValues } from '../../../cli/setup/env-text'

/** What secrets are made of, and what quoting stumbles over. */
const nasty = fc.string({
  unit: fc.constantFrom(
    'a',
    'B',
    '7',
    ' ',
    '#',
    '=',
    '$',
    '&',
    '\\',
    'n',
    "'",
    '"',
    '`',
    '\n',
    '\r',
    '\u2028',
    'é',
    '{',
    ':',
  ),
  maxLength: 12,
})
const name = fc.constantFrom('ONE', 'TWO', 'THREE')
const rest = "# a comment\n\nONE=first # why\nexport OTHER = 'it is' # kept\n  LAST: x\nTWO=\n"

test('dotenv reads each value as it was given, and every other line is as it was', () => {
  let carried = 0
  fc.assert(
    fc.property(fc.dictionary(name, nasty), (values) => {
      let text: string
      try {
        text = withValues(rest, values, '.env.stage')
      } catch (thrown) {
        if (thrown instanceof CommandError) return
        throw thrown
      }
      carried++
      expect(parse(text)).toEqual({ ...parse(rest), ...values })
      expect(text.split('\n').length).toBe(rest.split('\n').length + (values.THREE === undefined ? 0 : 1))
      for (const kept of ['# a comment\n\n', "\nexport OTHER = 'it is' # kept\n  LAST: x\n"]) {
        expect(text).toContain(kept)
      }
      expect(withValues(text, values, '.env.stage')).toBe(text)
    }),
    { numRuns: 2_000 },
  )
  expect(carried).toBeGreaterThan(1_000)
})

test.each([
  ['plain', 'KEY=plain'],
  ['two words', 'KEY="two words"'],
  ['a#b', 'KEY="a#b"'],
  ['-----BEGIN-----\nabc\n-----END-----', 'KEY="-----BEGIN-----\\nabc\\n-----END-----"'],
  ['it\'s "so"', 'KEY=`it\'s "so"`'],
  ['back\\nslash', "KEY='back\\nslash'"],
  ['', 'KEY='],
])('%j is written on one line', (value, line) => {
  expect(withValues('', { KEY: value }, '.env.stage')).toBe(`${line}\n`)
})

test('what no line can carry is refused by its name, without the value', () => {
  const value = '\'"`#\n\\n'
  expect(() => withValues('', { SFTP_PASSWORD: value }, '.env.stage')).toThrow(
    /^SFTP_PASSWORD has a combination/,
  )
})

test('a value changes in its place, the last of two, and keeps its comment; Windows line ends stay', () => {
  expect(withValues('A=1\r\nA= 2  # two\r\nB=3', { A: '4', C: '5' }, 'f')).toBe(
    'A=1\r\nA= 4  # two\r\nB=3\nC=5\n',
  )
  expect(readEnvText('A=1\r\nB=2\r\n')).toEqual({ A: '1', B: '2' })
})
