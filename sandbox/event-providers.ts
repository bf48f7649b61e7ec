import type { JsonObject } from './json'
import { type Answer, json } from './server'

/** A source of events at I/O Events, with the events that it offers. */
export type EventProvider = {
  id: string
  label: string
  description: string
  instanceId: string
  /** The kind of provider. */
  metadata: string
  format: 'cloud_events_v1' | 'adobe_io'
  codes: string[]
}

const ASSET_EVENTS = [
  'processing_completed',
  'metadata_updated',
  'moved',
  'deleted',
  'published',
  'unpublished',
]

/** Those of one environment of AEM: one for its assets, and one for its pages. */
export const aemProviders = (authorUrl: string, imsOrgId: string): EventProvider[] => {
  const instance = 'acct:aem-p1-e2@adobe.com'
  const of = (metadata: string, name: string, codes: string[]): EventProvider => ({
    id: `${metadata}_${imsOrgId}_acct-aem-p1-e2@adobe.com`,
    label: `AEM ${name} p1-e2`,
    description: `${name} of ${authorUrl}`,
    instanceId: instance,
    metadata,
    format: 'cloud_events_v1',
    codes,
  })
  return [
    of(
      'aemassets',
      'Assets',
      ASSET_EVENTS.map((name) => `aem.assets.asset.${name}`),
    ),
    of('aemsites', 'Sites', ['aem.sites.contentFragment.modified', 'aem.sites.contentFragment.published']),
  ]
}

const shown = ({ id, label, description, instanceId, metadata, format }: EventProvider): JsonObject => ({
  id,
  label,
  description,
  source: instanceId,
  publisher: 'Adobe',
  instance_id: instanceId,
  provider_metadata: metadata,
  event_delivery_format: format,
})

const eventsOf = ({ codes }: EventProvider): JsonObject => ({
  eventmetadata: codes.map((code) => ({ event_code: code, label: code, description: `What ${code} tells` })),
})

/**
 * Answers a request about providers; undefined for any other one. Source: Adobe I/O Events, Provider API:
 * `/events/{org}/providers`, `/events/providers/{id}[/eventmetadata]`.
 */
export const answerProviders = (
  path: string,
  { orgId, providers }: { orgId: string; providers: readonly EventProvider[] },
): Answer | undefined => {
  const [, org] = /^\/events\/([^/]+)\/providers$/.exec(path) ?? []
  if (org !== undefined) {
    if (org !== orgId) return json(403, { error: 'The organization is not that of the token' })
    return json(200, { _embedded: { providers: providers.map(shown) } })
  }
  const [, id, events] = /^\/events\/providers\/([^/]+)(\/eventmetadata)?$/.exec(path) ?? []
  if (id === undefined) return undefined
  const provider = providers.find((one) => one.id === decodeURIComponent(id))
  if (provider === undefined) return json(404, { error: 'There is no such provider' })
  return json(200, events === undefined ? shown(provider) : { _embedded: eventsOf(provider) })
}
