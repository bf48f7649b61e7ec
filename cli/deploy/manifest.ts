import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'
import { CommandError } from '../output'

/** What a checkout declares to deploy. */
export type Manifest = {
  packageName: string
  /** Names of the inputs that are bound to the package. */
  inputs: readonly string[]
  actions: readonly string[]
  triggers: readonly string[]
  rules: readonly string[]
  /** An action wants the annotation `include-ims-credentials`, for which Adobe's CLI takes `IMS_OAUTH_S2S_*` as they are. */
  includesIms: boolean
}

const Names = v.optional(v.record(v.string(), v.unknown()), {})
const Declared = v.object({
  runtimeManifest: v.object({
    packages: v.record(
      v.string(),
      v.object({ inputs: Names, actions: Names, triggers: Names, rules: Names }),
    ),
  }),
})
const packageName = 'asset-bridge'

/** Reads `ext.config.yaml`. @throws {CommandError} it cannot be read, or declares no such package */
export async function readManifest(root: string): Promise<Manifest> {
  const file = join(root, 'ext.config.yaml')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  const declared = v.safeParse(Declared, text === undefined ? undefined : parse(text))
  const found = declared.success ? declared.output.runtimeManifest.packages[packageName] : undefined
  if (found === undefined) {
    throw new CommandError(
      `ext.config.yaml declares no package ${packageName} in ${root}: run this in the project's folder, after npm run generate`,
    )
  }
  return {
    packageName,
    inputs: Object.keys(found.inputs),
    actions: Object.keys(found.actions),
    triggers: Object.keys(found.triggers),
    rules: Object.keys(found.rules),
    includesIms: text?.includes('include-ims-credentials: true') ?? false,
  }
}
