import type { JsonObject } from './json'
import { appScopes, type Workspace } from './workspace'

/**
 * What *Download all* gives on the page of a workspace, which `aio app use` takes. It holds secrets.
 * Source: aio-cli-plugin-app 14, `schema/config.schema.json`.
 */
export const consoleFile = (workspace: Workspace): JsonObject => {
  const { name, namespace, auth, clientId, clientSecret, imsOrgId, ids } = workspace
  const credential: JsonObject = {
    client_id: clientId,
    client_secrets: [clientSecret],
    technical_account_id: `${clientId}@techacct.adobe.com`,
    technical_account_email: `${clientId}@techacct.adobe.com`,
    scopes: appScopes,
  }
  return {
    project: {
      id: ids.projectId,
      name: 'assetbridge',
      title: 'Asset bridge',
      org: { id: ids.orgId, name: 'Sandbox', ims_org_id: imsOrgId },
      workspace: {
        id: ids.workspaceId,
        name,
        title: name,
        action_url: `https://${namespace}.adobeioruntime.net`,
        app_url: `https://${namespace}.adobeio-static.net`,
        details: {
          credentials: [
            {
              id: `1${ids.workspaceId}`,
              name: `OAuth Server-to-Server of ${name}`,
              integration_type: 'oauth_server_to_server',
              oauth_server_to_server: credential,
            },
          ],
          services: [],
          runtime: { namespaces: [{ name: namespace, auth }] },
        },
      },
    },
  }
}
