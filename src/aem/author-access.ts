import type { Clock } from '../core/clock'
import type { Redactor } from '../core/redaction'
import type { HttpClient } from '../http/http-client'
import type { Tokens } from '../http/tokens'
import { createTokenProvider } from '../ims/token-provider'
import { type AssetsClient, createAssetsClient } from './assets-client'
import { type AuthorHosts, createAuthorHosts } from './author-host'
import { type AuthorRequests, createAuthorRequests } from './author-requests'
import type { PatchPathMode } from './patch-paths'

/** The inputs about AEM and IMS: the authors, and the credentials. */
export type AuthorSettings = {
  AEM_AUTHOR_URLS: readonly [string, ...string[]]
  AEM_API_KEY?: string | undefined
  AEM_PATCH_PATHS: PatchPathMode
  AEM_EXPERIMENTAL: boolean
  AEM_CONCURRENCY: number
  IMS_URL: string
  ADC_CECREDENTIALS_CLIENTID: string
  ADC_CECREDENTIALS_CLIENTSECRET: string
  ADC_CECREDENTIALS_METASCOPES: readonly string[]
}

/** The allowed authors, with the token for them. */
export type AuthorAccess = {
  hosts: AuthorHosts
  tokens: Tokens
  assets: AssetsClient
  author: AuthorRequests
}

/** Creates the access to the authors. Nothing is sent before its first use. */
export function openAuthors(
  settings: AuthorSettings,
  parts: { http: HttpClient; redactor: Redactor; clock: Clock },
): AuthorAccess {
  const { http, clock } = parts
  const hosts = createAuthorHosts(settings.AEM_AUTHOR_URLS)
  const tokens = createTokenProvider(
    {
      imsUrl: settings.IMS_URL,
      clientId: settings.ADC_CECREDENTIALS_CLIENTID,
      clientSecret: settings.ADC_CECREDENTIALS_CLIENTSECRET,
      scopes: settings.ADC_CECREDENTIALS_METASCOPES,
    },
    parts,
  )
  const options = {
    origins: hosts.origins,
    apiKey: settings.AEM_API_KEY ?? settings.ADC_CECREDENTIALS_CLIENTID,
    patchPaths: settings.AEM_PATCH_PATHS,
    experimental: settings.AEM_EXPERIMENTAL,
    concurrency: settings.AEM_CONCURRENCY,
  }
  const author = createAuthorRequests(options, { http, tokens, clock })
  const assets = createAssetsClient(options, { http, tokens, clock, author })
  return { hosts, tokens, assets, author }
}
