import { sourceOf, valuesOf } from '../../src/inputs/values'
import { journalInputs } from '../../src/journal/inputs'

const parseJournalUrls = (text: string) =>
  valuesOf(journalInputs, sourceOf({ JOURNAL_URL: text }), { required: ['JOURNAL_URL'] }).JOURNAL_URL
const parseJournalStart = (text?: string) =>
  valuesOf(journalInputs, sourceOf(text === undefined ? {} : { JOURNAL_START: text })).JOURNAL_START

const path = '/events/organizations/23294/integrations/54108/f89067f2'
const inputError = expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' })

describe('JOURNAL_URL', () => {
  it('names one journal or several, each counted once', () => {
    const one = `https://events-va6.adobe.io${path}`

    expect(parseJournalUrls(one)).toEqual([one])
    expect(parseJournalUrls(`${one}, ${one}/ ,https://events.adobe.io${path}\n`)).toEqual([
      one,
      `https://events.adobe.io${path}`,
    ])
    expect(parseJournalUrls(`HTTPS://EVENTS-VA6.adobe.io:443${path}`)).toEqual([one])
  })

  it('may be on this machine', () => {
    expect(parseJournalUrls(`http://127.0.0.1:4000${path}`)).toEqual([`http://127.0.0.1:4000${path}`])
  })

  it.each([
    ['', /is not set/],
    [' , ', /is not set/],
    ['events-va6.adobe.io/a', /must begin with https:/],
    [`http://events-va6.adobe.io${path}`, /https/],
    [`https://events-va6.adobe.io.example.com${path}`, /adobe\.io/],
    [`https://evil-adobe.io${path}`, /adobe\.io/],
    [`https://adobe.io${path}`, /adobe\.io/],
    [`https://example.com/.adobe.io${path}`, /adobe\.io/],
    [`https://*.adobe.io${path}`, /wildcards/],
    [`https://events.adobe.io.${path}`, /dot/],
    [`https://events.adobe.io${path}#x`, /fragment/],
    [`https://events.adobe.io${path}?since=moose:1:2`, /JOURNAL_START/],
    ['https://events.adobe.io', /whole endpoint/],
    [`https://events.adobe.io${path},https://example.com${path}`, /adobe\.io/],
  ])('%j is refused, saying why', (text, why) => {
    expect(() => parseJournalUrls(text)).toThrow(inputError)
    expect(() => parseJournalUrls(text)).toThrow(why)
  })

  it('does not show a password that stands in it', () => {
    expect(() => parseJournalUrls(`https://me:hidden@events.adobe.io${path}`)).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.not.stringContaining('hidden'),
      }),
    )
  })
})

describe('JOURNAL_START', () => {
  it.each([
    [undefined, { from: 'oldest' }],
    ['oldest', { from: 'oldest' }],
    ['Latest', { from: 'latest' }],
    ['PT2H', { from: 'back', duration: 'PT2H', ms: 7_200_000 }],
    ['-pt2h', { from: 'back', duration: 'PT2H', ms: 7_200_000 }],
    ['P5DT2H30M1S', { from: 'back', duration: 'P5DT2H30M1S', ms: 441001000 }],
    ['P6DT23H', { from: 'back', duration: 'P6DT23H', ms: 601200000 }],
    ['P7D', { from: 'oldest' }],
    ['PT200H', { from: 'oldest' }],
  ])('%j means %j', (text, start) => {
    expect(parseJournalStart(text)).toEqual(start)
  })

  it.each([
    '',
    'newest',
    'P',
    'PT',
    'P1DT',
    '2H',
    'PT0S',
    'P0D',
    'PT1.5H',
    'P1Y',
    'P1M',
    'P1W',
    '--PT1H',
    'PT1H PT1H',
  ])('%j is refused, saying what goes', (text) => {
    expect(() => parseJournalStart(text)).toThrow(inputError)
    expect(() => parseJournalStart(text)).toThrow(/oldest, latest, or a duration/)
  })
})
