/** What the Developer Console knows of a workspace. None of it means anything elsewhere. */
export type Workspace = {
  /** As the Developer Console names it. */
  name: string
  /** Of I/O Runtime. */
  namespace: string
  /** The key of the namespace, `<id>:<secret>`. */
  auth: string
  /** The OAuth Server-to-Server credential. */
  clientId: string
  clientSecret: string
  /** The organisation at IMS. */
  imsOrgId: string
  /** Organisation, project and workspace, by the ids of the Developer Console. */
  ids: { orgId: string; projectId: string; workspaceId: string }
}

const project = { orgId: '23294', projectId: '4566206088344653970' }
const imsOrgId = '0123456789ABCDEF01234567@AdobeOrg'

const stage: Workspace = {
  name: 'Stage',
  namespace: '12345-assetbridge-stage',
  auth: 'runtime-id:runtime-secret',
  clientId: 'sandbox-client-id',
  clientSecret: 'p8e-sandbox+client/secret&=',
  imsOrgId,
  ids: { ...project, workspaceId: '4566206088344671234' },
}

/** The workspaces that a project of App Builder comes with. Nothing of one is in the other but project and organisation. */
export const workspaces = {
  stage,
  production: {
    name: 'Production',
    namespace: '12345-assetbridge',
    auth: 'production-id:production-secret',
    clientId: 'sandbox-production-client-id',
    clientSecret: 'p8e-production+client/secret&=',
    imsOrgId,
    ids: { ...project, workspaceId: '4566206088344675678' },
  },
} as const satisfies Record<string, Workspace>

/** Scopes that the app needs. */
export const appScopes = ['AdobeID', 'openid', 'aem.assets.author', 'aem.folders']

/** What the credential may ask for: the service I/O Management API adds those that the app does not use. */
export const grantedScopes: readonly string[] = [
  ...appScopes,
  'read_organizations',
  'additional_info.projectedProductContext',
  'additional_info.roles',
  'adobeio_api',
  'read_client_secret',
  'manage_client_secrets',
]
