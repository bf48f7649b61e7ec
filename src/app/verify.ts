import { createAssetLibrary } from '../aem/library'
import type { CallContext } from '../core/call-context'
import { permanentError } from '../core/errors'
import type { FlowContext } from '../flows/event-flow'
import { ownershipOf } from '../flows/export/owner'
import {
  type Verification,
  type VerifiedFile,
  type VerifyScope,
  verifyDestination,
} from '../flows/export/verify-destination'
import { accessFor } from './access'
import { partsFor } from './export'

/** How a long work is begun and told of. */
export type VerifyTools = { call(): CallContext; progress(text: string): void }

/**
 * Compares a destination with AEM, over all authors.
 * @throws {BridgeError} `DESTINATION_UNKNOWN`, `DESTINATION_OFF`; what AEM and the destination fail with
 */
export function verify(scope: VerifyScope, tools: VerifyTools, context: FlowContext): Promise<Verification> {
  return verifyDestination(scope, { ...ownerPartsFor(context), ...tools, library: libraryFor(context) })
}

/**
 * Removes a file that is there too much, after one more look whether it still is.
 * @returns false when an asset needs it by now
 * @throws {BridgeError} permanent, `DESTINATION_CANNOT_REMOVE`; what AEM and the destination fail with
 */
export async function removeOrphan(
  { key, assetId }: VerifiedFile,
  scope: VerifyScope,
  context: FlowContext,
): Promise<boolean> {
  const { call } = context
  const parts = ownerPartsFor(context)
  const destination = parts.destination(scope.name)
  if (destination.remove === undefined) {
    throw permanentError(
      'DESTINATION_CANNOT_REMOVE',
      `${scope.name} cannot remove: take the file away there by hand`,
    )
  }
  const held = await destination.head?.(key, call)
  const listed = { version: undefined, size: 0, ...held, key, ...(assetId === null ? {} : { assetId }) }
  if (!(await ownershipOf(listed, scope, parts, call)).isOrphan) return false
  await destination.remove(key, call)
  return true
}

const ownerPartsFor = (context: FlowContext) => ({
  ...partsFor(context),
  origins: accessFor(context).hosts.origins,
})

const libraryFor = (context: FlowContext) => createAssetLibrary(accessFor(context).author)
