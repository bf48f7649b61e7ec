import { isRecord, nonEmptyString, parseJson } from '../core/json'

/**
 * The technical account that a token of IMS belongs to, such as `0A1B...@techacct.adobe.com`: AEM names it as the user
 * of its writes. Undefined when the token does not tell, for it need not be a JWT that can be read.
 */
export function accountOf(token: string): string | undefined {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  if (!isRecord(claims)) return undefined
  const names = [claims.user_id, claims.aa_id, claims.sub].map(nonEmptyString)
  return names.find((name) => name?.includes('@'))
}
