const mapping = 'com.adobe.aio.aem.event.osgimapping.internal.OsgiEventMappingSupplierImpl'

/**
 * The OSGi configurations that have the event proxy send publications and withdrawals, by their names. It sends deletions
 * by itself. Source: Adobe's aio-lib-java 2.0.8, `OsgiEventMappingConfig`, and what it ships.
 */
export const eventProxyFiles = (): Readonly<Record<string, string>> => ({
  [`${mapping}-asset_published.cfg.json`]: mappingFile({
    code: 'asset_published',
    label: 'Asset Published',
    description: 'An asset was published',
    type: 'ACTIVATE',
    xdm: 'com.adobe.xdm.event.AemPagePublishedEvent',
  }),
  [`${mapping}-asset_unpublished.cfg.json`]: mappingFile({
    code: 'asset_unpublished',
    label: 'Asset Unpublished',
    description: 'An asset was unpublished',
    type: 'DEACTIVATE',
    xdm: 'com.adobe.xdm.event.AemPageUnpublishedEvent',
  }),
})

const mappingFile = (event: Record<'code' | 'label' | 'description' | 'type' | 'xdm', string>): string => {
  const properties = {
    'aio.event.code': event.code,
    'aio.event.label': event.label,
    'aio.event.description': event.description,
    'aio.xdm.event.type': event.xdm,
    'osgi.event.handler.type':
      'com.adobe.aio.aem.event.osgimapping.eventhandler.AssetReplicationEventHandler',
    'osgi.topic': 'com/day/cq/replication',
    // Without the second part each node of an author sends the event.
    'osgi.filter': `(&(type=${event.type})(!(event.application=*)))`,
    'osgi.jcr.path.filter': '/content/dam/',
  }
  return `${JSON.stringify(properties, null, 2)}\n`
}
