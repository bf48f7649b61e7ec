import fc from 'fast-check'
import { atPointer, isJsonPointer } from '../../src/core/json-pointer'

describe('a JSON Pointer', () => {
  it('finds the examples of RFC 6901, section 5', () => {
    const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, 'm~n': 8, ' ': 7 }
    const expected: [string, unknown][] = [
      ['', document],
      ['/foo', ['bar', 'baz']],
      ['/foo/0', 'bar'],
      ['/', 0],
      ['/a~1b', 1],
      ['/c%d', 2],
      ['/m~0n', 8],
      ['/ ', 7],
    ]

    for (const [pointer, value] of expected) {
      expect(isJsonPointer(pointer)).toBe(true)
      expect(atPointer(document, pointer)).toEqual(value)
    }
  })

  it('finds any name, escaped', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.jsonValue(), (outer, inner, value) => {
        const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1')
        const pointer = `/${escaped(outer)}/${escaped(inner)}`
        const document = Object.fromEntries([[outer, Object.fromEntries([[inner, value]])]])

        expect(isJsonPointer(pointer)).toBe(true)
        expect(atPointer(document, pointer)).toEqual(value)
      }),
    )
  })

  it('leads nowhere past what is there, or into what every object inherits', () => {
    const document = { list: ['a'], text: 'abc', none: null }
    for (const pointer of [
      '/missing',
      '/list/1',
      '/list/-',
      '/list/00',
      '/list/length',
      '/text/0',
      '/text/length',
      '/none/x',
      '/constructor',
      '/__proto__',
      '/toString/name',
    ]) {
      expect([pointer, atPointer(document, pointer)]).toEqual([pointer, undefined])
    }
  })

  it('is told from what is none', () => {
    for (const text of ['foo', 'foo/bar', '/a~', '/a~2', '/~', '#/foo', ' /foo']) {
      expect([text, isJsonPointer(text)]).toEqual([text, false])
    }
  })
})
