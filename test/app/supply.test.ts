import { supply, unsafePackages } from '../../scripts/check/supply'

const integrity = `sha512-${'a'.repeat(86)}==`

describe('a lock file', () => {
  it('of this repository names every package with its hash, and from the registry', async () => {
    expect(await supply.run()).toBeUndefined()
  })

  it.each([
    ['no integrity', { a: {} }],
    ['a hash that is none any more', { a: { integrity: 'sha1-aaaa' } }],
    ['another place', { a: { integrity, resolved: 'https://example.com/a.tgz' } }],
    [
      'a place that begins like the registry',
      { a: { integrity, resolved: 'https://registry.npmjs.org.example.com/a.tgz' } },
    ],
    ['a place over http', { a: { integrity, resolved: 'http://registry.npmjs.org/a/-/a-1.0.0.tgz' } }],
    ['a repository', { a: { resolved: 'git+ssh://git@github.com/a/a.git#abc' } }],
    ['a folder', { a: { link: true, resolved: '../a' } }],
    ['a bundled package from elsewhere', { a: { inBundle: true, resolved: 'https://example.com/a.tgz' } }],
    ['nothing at all', {}],
  ])('with %s is refused', (_, packages) => {
    expect(unsafePackages(packages)).not.toEqual([])
  })

  it.each([
    ['without a place', { a: { integrity } }],
    ['from the registry', { a: { integrity, resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' } }],
    ['inside of another package', { a: { integrity }, 'a/node_modules/b': { inBundle: true } }],
  ])('with a package %s is taken', (_, packages) => {
    expect(unsafePackages({ '': {}, ...packages })).toEqual([])
  })
})
