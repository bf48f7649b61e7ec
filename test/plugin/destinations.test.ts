import { akeneo } from '../../src/connectors/akeneo/destination'
import { campaign } from '../../src/connectors/campaign/destination'
import { https } from '../../src/connectors/https/destination'
import { marketo } from '../../src/connectors/marketo/destination'
import { sftp } from '../../src/connectors/sftp/destination'
import { defineDestinations } from '../../src/plugin/destinations'
import { byDate, bySku, flat, type KeyTemplate, pathBelowDam } from '../../src/plugin/key'

describe('config/destinations.ts', () => {
  const own: KeyTemplate = ({ name }) => name
  const ownOfPath: KeyTemplate = Object.assign(({ name }: { name: string }) => name, { pathOnly: true })

  it.each([
    ['bySku', bySku()],
    ['byDate', byDate()],
    ['a template of one’s own', own],
  ])('cannot remove what an asset left behind when its key needs metadata: %s', (_name, key) => {
    for (const setting of ['onUnpublish', 'onDelete'] as const) {
      expect(() => defineDestinations({ destinations: {}, key, [setting]: 'remove' })).toThrow(
        expect.objectContaining({
          failureClass: 'systemic',
          code: 'CONFIG_INVALID',
          message: expect.stringContaining(setting),
        }),
      )
    }
    expect(defineDestinations({ destinations: {}, key, onUnpublish: 'keep' }).key).toBe(key)
  })

  it.each([
    ['pathBelowDam', pathBelowDam()],
    ['flat', flat()],
    ['a template of one’s own that says so', ownOfPath],
  ])('can remove it when the path is enough: %s', (_name, key) => {
    expect(defineDestinations({ destinations: {}, key, onUnpublish: 'remove', onDelete: 'remove' }).key).toBe(
      key,
    )
  })

  it.each([
    ['https', https({ name: 'press' })],
    ['sftp', sftp({ name: 'press' })],
    ['marketo', marketo({ name: 'press' })],
    ['campaign', campaign({ name: 'press' })],
    ['akeneo', akeneo({ name: 'press' })],
  ])('takes the key as the name, and refuses another one: %s', (_kind, factory) => {
    expect(() => defineDestinations({ destinations: { press: factory }, key: flat() })).not.toThrow()
    expect(() => defineDestinations({ destinations: { print: factory }, key: flat() })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/under the key print that is named press/),
      }),
    )
  })
})
