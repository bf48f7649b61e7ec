import { linkTarget } from '../../src/journal/link'

describe('a Link header', () => {
  it.each([
    ['</a?since=moose:1:2>; rel="next"', '/a?since=moose:1:2'],
    ['</a>; rel=next', '/a'],
    ['</v>; rel="validate", </a>; rel="next"', '/a'],
    ['</a>; rel="next",</v>; rel="validate"', '/a'],
    ['</a,b;c>; title="x, <y>; rel=\\"next\\"" ; rel="prev next"', '/a,b;c'],
    ['</a>; REL=NEXT; count=2', '/a'],
    ['</no>; rel="prev"; rel="next", </a>; rel="next"', '/a'],
    ['  < /a >;rel="next"  ', '/a'],
    ['</first>; rel="next", </second>; rel="next"', '/first'],
  ])('%s leads to %s', (header, target) => {
    expect(linkTarget(header, 'next')).toBe(target)
  })

  it.each([
    undefined,
    '',
    '</a>',
    '</a>; rel="nextish"',
    '</a>; title="rel=next"',
    'rel="next"',
    '</a; rel="next"',
    '</a>; rel="next" and more',
  ])('%s leads nowhere', (header) => {
    expect(linkTarget(header, 'next')).toBeUndefined()
  })

  it('is read in no time, however it is made up', () => {
    const started = performance.now()

    expect(linkTarget(`<a>${' ; a'.repeat(8_000)}!`, 'next')).toBeUndefined()
    expect(linkTarget(`<a>${' '.repeat(16_000)}!`, 'next')).toBeUndefined()
    expect(linkTarget(`<a>${';a= '.repeat(8_000)}!`, 'next')).toBeUndefined()
    expect(linkTarget(`<a>${';a= '.repeat(8_000)};rel=next`, 'next')).toBe('a')

    expect(performance.now() - started).toBeLessThan(2_000)
  })
})
