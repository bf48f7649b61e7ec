import { createRedactor } from '../../src/core/redaction'
import { eventWorkId } from '../../src/delivery/dead-letters'
import { eventRecord } from '../../src/delivery/event-record'
import { droppedId, letterId } from '../../src/delivery/subject'

const redactor = createRedactor(['known?secret'])
const url = 'https://user:hunter22@store.example/c?sig=abcdef'
const key = { source: 'acct:aem-p1-e2@adobe.com', id: 'event-1' }
const xdm = {
  '@id': 'event-1',
  '@type': 'xdmDeleted',
  'activitystreams:published': '2030-01-02T03:04:05Z',
  'activitystreams:generator': { 'xdmContentRepository:root': 'https://author.example.com/' },
  'activitystreams:object': { '@type': 'xdmAsset', 'xdmAsset:asset_id': 'N/A', 'xdmAsset:path': url },
}

const events = {
  'the id': (name: string) => ({ ...key, id: name }),
  'the source': (name: string) => ({ ...key, source: name }),
  'the path of XDM': (name: string) => ({
    ...xdm,
    'activitystreams:object': { ...xdm['activitystreams:object'], 'xdmAsset:path': name },
  }),
  'the path of an event without an id': (name: string) => ({
    type: 'aem.assets.asset.deleted',
    data: { repositoryMetadata: { 'repo:path': name } },
  }),
  'the path of recorded work': (name: string) => ({ source: 'https://a', id: 'x', asset: { path: name } }),
  'the id of an asset of recorded work': (name: string) => ({ source: 'https://a', asset: { id: name } }),
}

describe.each(Object.entries(events))('%s of an event that is a URL', (_, eventWith) => {
  const idsOf = (event: unknown): string[] => {
    const work = { action: 'generic', event }
    return [letterId(work, 'CODE'), droppedId(work), eventWorkId(event), eventWorkId(event, 's3')]
  }

  it.each([url, 'https://store.example/known?secret', 'https://store.example/page?id=1'])(
    'gives the same ids once it is masked: %s',
    (name) => {
      const event = eventWith(name)
      const once = eventRecord(event, redactor)
      const twice = eventRecord(once, redactor)
      expect(JSON.stringify([once, twice])).not.toMatch(/hunter22|abcdef|known\?secret/)
      expect(twice).toEqual(once)
      expect(idsOf(once)).toEqual(idsOf(event))
    },
  )

  it('gives other ids than another URL that looks the same when it is masked', () => {
    const [one, other] = [eventWith(url), eventWith(url.replace('hunter22', 'hunter23'))]
    expect(letterId({ action: 'generic', event: one }, 'CODE')).not.toBe(
      letterId({ action: 'generic', event: other }, 'CODE'),
    )
  })
})
