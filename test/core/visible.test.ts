import fc from 'fast-check'
import { oneLine, visible, visibleLines } from '../../src/core/visible'

const steering = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

describe('what a terminal or a log would obey', () => {
  it.each([
    ['\u001b[31mred', '\\u001b[31mred'],
    ['\u009b2J', '\\u009b2J'],
    ['a\nERROR b\r', 'a\\nERROR b\\r'],
    ['\u007f\u0000\t', '\\u007f\\u0000\\t'],
    ['a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['gnp\u202e.exe\u2066', 'gnp\\u202e.exe\\u2066'],
    ['Lampe für 日本 👩‍🚀 "x"', 'Lampe für 日本 👩‍🚀 "x"'],
  ])('is written out: %j', (text, seen) => {
    expect(visible(text)).toBe(seen)
  })

  it('is left in no text, and line feeds only where lines are meant', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(steering)
        expect(visibleLines(text).replaceAll('\n', '')).not.toMatch(steering)
        expect(visibleLines(text).split('\n')).toHaveLength(text.split('\n').length)
        expect(oneLine(text, 20).length).toBeLessThanOrEqual(20)
        expect(oneLine(text, 20)).not.toMatch(steering)
      }),
    )
  })

  it('in JSON becomes what JSON reads as the same', () => {
    const value = { a: 'x\u202e\u2028\u009b\n\u001b' }

    expect(JSON.parse(visibleLines(JSON.stringify(value, null, 2)))).toEqual(value)
  })
})
