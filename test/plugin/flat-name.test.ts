import fc from 'fast-check'
import { flatName } from '../../src/plugin/flat-name'
import { oddNames } from '../connectors/kit/odd-names'

const lastDot = /\.[A-Za-z0-9]{1,15}$/

describe('flat names', () => {
  it.each(['.', '_', 'a.', '_0123456789ab.'])(
    'cost no more than a key is long: %s',
    (piece) => {
      const started = performance.now()

      flatName(piece.repeat(100_000))
      flatName(`x${piece.repeat(100_000)}ä`)

      // With the square of the length it would be half a minute.
      expect(performance.now() - started).toBeLessThan(10_000)
    },
    30_000,
  )

  it('leave a plain name alone, and make others plain', () => {
    expect(flatName('lamp.png')).toBe('lamp.png')
    expect(flatName('lamp-3f9a0c1d2e4b.png')).toBe('lamp-3f9a0c1d2e4b.png')
    expect(flatName('shop/Lamp für 2.png')).toMatch(/^Lamp_f_r_2_[0-9a-f]{12}\.png$/)
    expect(flatName('shop/ランプ.png')).toMatch(/^file_[0-9a-f]{12}\.png$/)
    expect(flatName('Lamp.png')).toMatch(/^Lamp_[0-9a-f]{12}\.png$/)
  })

  it('are ASCII, short, without folders, and keep the extension', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary', maxLength: 300 }), (key) => {
        const name = flatName(key)
        expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/)
        expect(lastDot.exec(name)?.[0]).toBe(lastDot.exec(key)?.[0])
      }),
    )
  })

  it('are never the same for two keys, nor the same but for upper and lower case', () => {
    const piece = fc.constantFrom(
      'a',
      'A',
      'b',
      '/',
      '.',
      '_',
      '-',
      ' ',
      'ä',
      'ö',
      '.png',
      '.PNG',
      '0123456789ab',
    )
    const key = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(key, key, (one, other) => {
        fc.pre(one !== other)
        expect(flatName(one).toLowerCase()).not.toBe(flatName(other).toLowerCase())
      }),
      { numRuns: 2_000 },
    )
    const odd = Object.values(oddNames).flat()
    expect(new Set(odd.map((name) => flatName(name).toLowerCase())).size).toBe(new Set(odd).size)
  })

  it('cannot be forged: what looks made is made anew', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), (text) => {
        const made = flatName(`shop/${text}`)
        expect(flatName(made)).not.toBe(made)
      }),
    )
  })
})
