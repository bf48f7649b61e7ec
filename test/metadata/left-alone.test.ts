import { leaveReason, type SkipRules } from '../../src/metadata/left-alone'
import { assetWith } from './fixtures'

const of = (about: Parameters<typeof assetWith>[0], skip: SkipRules = []) =>
  leaveReason(assetWith(about), { syncProperty: 'wknd-sync', skip })

test.each([['off'], [' OFF '], ['no'], ['false'], [false], [['on', 'off']]])(
  'an asset with %j is switched off',
  (value) => {
    expect(of({ metadata: { 'wknd-sync': value } })).toBe('switched off by wknd-sync on the asset')
  },
)

test.each([['on'], [''], [true], [[]], [null], ['offline']])('an asset with %j is not', (value) => {
  expect(of({ metadata: { 'wknd-sync': value } })).toBeUndefined()
})

test('a folder and a media type are left alone, both together where both hold', () => {
  const video = { repository: { 'dc:format': 'Video/mp4; codecs=avc1' } }
  const rules = [{ path: '/content/dam/raw/' }, { path: '/content/dam/hr', mediaType: 'video/*' }]
  const below = (folder: string, more = {}) => of({ path: `/content/dam/${folder}/lamp.mp4`, ...more }, rules)
  expect(below('raw')).toBe('left out by skip in config/enrichment.ts: {"path":"/content/dam/raw/"}')
  expect(below('raw/deep')).toMatch('left out by')
  expect(below('rawness')).toBeUndefined()
  expect(below('hr')).toBeUndefined()
  expect(below('hr', video)).toMatch('left out by')
  expect(of(video, [{ mediaType: 'video/mp4' }])).toMatch('left out by')
  expect(of({ metadata: { 'dc:format': 'image/png' } }, [{ mediaType: 'video/*' }])).toBeUndefined()
})

test('a function decides by itself, and one that throws names itself', () => {
  expect(of({}, () => true)).toBe('left out by the function skip in config/enrichment.ts')
  expect(of({}, ({ name }) => name === 'other.png')).toBeUndefined()
  const odd = () => {
    throw new Error('bug')
  }
  expect(() => of({}, odd)).toThrow(
    expect.objectContaining({ code: 'MAPPING_FAILED', message: expect.stringContaining('bug') }),
  )
})

test('the state of the asset is told first', () => {
  expect(of({ repository: { 'aem:checkedOutBy': 'ada' }, metadata: { 'wknd-sync': 'off' } })).toMatch(
    'checked out',
  )
})
