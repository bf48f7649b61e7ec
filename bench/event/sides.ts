import { type BuiltAction, declaredActions, declaredInputs, ensureBuilt } from '../../scripts/app-build'
import { bundleRival } from '../rivals/bundle'
import type { Upstreams } from './upstreams'
import type { PimKind } from './upstreams-messages'

/** What a side runs, and with which inputs. */
export type Side = { bundle: string; inputs: Readonly<Record<string, string>> }

/** The built actions of the sample configuration, by name. */
export async function builtActions(): Promise<readonly BuiltAction[]> {
  await ensureBuilt()
  return declaredActions()
}

/** `generic` as it is built, with all inputs that are bound to it: those that are not set are empty. */
export async function ourSide({ inputs, pims }: Upstreams, pim: PimKind = 'plain'): Promise<Side> {
  const bundle = (await builtActions()).find(({ name }) => name === 'generic')?.bundle
  if (bundle === undefined) throw new Error('ext.config.yaml declares no action named generic')
  const unset = (await declaredInputs()).map((name) => [name, ''])
  return { bundle, inputs: { ...Object.fromEntries(unset), ...inputs, ...pims[pim].inputs } }
}

/** A rival, minimised like ours, with the inputs that it reads. */
export async function rivalSide(
  name: string,
  { rivalInputs, pims }: Upstreams,
  pim: PimKind = 'plain',
): Promise<Side> {
  const bundle = await bundleRival(`${name}/generic.js`)
  return { bundle, inputs: { ...rivalInputs, ...pims[pim].rivalInputs } }
}
