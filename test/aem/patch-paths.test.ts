import fc from 'fast-check'
import { createPatchPathStyles, patchPath } from '../../src/aem/patch-paths'
import { atPointer, isJsonPointer } from '../../src/core/json-pointer'

const host = 'https://author-p1-e2.adobeaemcloud.com'
const other = 'https://author-p1-e3.adobeaemcloud.com'

describe('the path of a property', () => {
  it('is written in the three ways that Adobe documents', () => {
    expect(patchPath('short', 'dc:title')).toBe('/dc:title')
    expect(patchPath('full', 'dc:title')).toBe('/assetMetadata/dc:title')
    expect(patchPath('bare', 'dc:title')).toBe('dc:title')
  })

  it('with a slash is a JSON Pointer that leads to the property, whatever its name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (property) => {
        const document = Object.fromEntries([[property, 'here']])
        for (const [style, root] of [
          ['short', document],
          ['full', { assetMetadata: document }],
        ] as const) {
          const path = patchPath(style, property)
          expect(isJsonPointer(path)).toBe(true)
          expect(atPointer(root, path)).toBe('here')
        }
      }),
    )
  })

  it('escapes the tilde before the slash', () => {
    expect(patchPath('short', 'a/b~c~1')).toBe('/a~1b~0c~01')
  })
})

describe('the styles of an author', () => {
  it('are tried in the order short, full, bare, each in need of proof', () => {
    const styles = createPatchPathStyles('auto')

    expect(styles.candidates(host)).toEqual(['short', 'full', 'bare'])
    for (const style of styles.candidates(host)) expect(styles.needsProof(host, style)).toBe(true)
  })

  it('begin with the one that worked, which needs no more proof, on that author only', () => {
    const styles = createPatchPathStyles('auto')
    styles.remember(host, 'bare')

    expect(styles.candidates(host)).toEqual(['bare', 'short', 'full'])
    expect(styles.needsProof(host, 'bare')).toBe(false)
    expect(styles.needsProof(host, 'short')).toBe(true)
    expect(styles.candidates(other)).toEqual(['short', 'full', 'bare'])
    expect(styles.needsProof(other, 'bare')).toBe(true)
  })

  it('end with one that wrote nothing, until every one has had its chance', () => {
    const styles = createPatchPathStyles('auto')

    styles.demote(host, 'short')
    expect(styles.candidates(host)).toEqual(['full', 'bare', 'short'])
  })

  it('give one that wrote nothing another chance after any of them has worked', () => {
    const styles = createPatchPathStyles('auto')
    styles.demote(host, 'short')
    styles.remember(host, 'full')

    styles.demote(host, 'short')
    expect(styles.candidates(host)).toContain('short')
    expect(styles.needsProof(host, 'full')).toBe(false)
  })

  it('are one, and taken at its word, when the operator says which', () => {
    const styles = createPatchPathStyles('bare')
    styles.demote(host, 'bare')

    expect(styles.candidates(host)).toEqual(['bare'])
    expect(styles.needsProof(host, 'bare')).toBe(false)
  })
})
