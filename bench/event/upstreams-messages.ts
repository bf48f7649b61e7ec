import * as v from 'valibot'

const texts = v.record(v.string(), v.string())

/** Of our actions, and of the rivals' actions, which name the same things otherwise. */
const sides = { inputs: texts, rivalInputs: texts }
const pimInputs = v.object(sides)

/** What the process of the stand-ins says when it is ready. */
export const ready = v.object({
  ...sides,
  /** To be added, of the PIM that an action asks. */
  pims: v.object({ plain: pimInputs, akeneo: pimInputs }),
  /** The environment of both. */
  env: texts,
})
export type Ready = v.InferOutput<typeof ready>

/** What a PIM is like: one that refuses nobody, or one that takes what Akeneo takes. */
const pim = v.picklist(['plain', 'akeneo'])
export type PimKind = v.InferOutput<typeof pim>

const latencyMs = v.number()

/** What it is told, and answers with events, or with what it has seen. */
export const order = v.variant('kind', [
  /** So many new assets in place of those before, with an event for each. Nothing of their products is in them. */
  v.object({ kind: v.literal('add'), count: v.number(), latencyMs, pim }),
  /** Events of the assets that are there. */
  v.object({ kind: v.literal('again'), latencyMs }),
  v.object({ kind: v.literal('look') }),
])
export type Order = v.InferOutput<typeof order>

/** An event each, as JSON. */
export const events = v.array(v.string())

/** What was asked since the last order. */
export const seen = v.object({
  ims: v.number(),
  aem: v.number(),
  /** Of those to AEM. */
  writes: v.number(),
  pim: v.number(),
  state: v.number(),
  /** In which at least one request was being answered. */
  busyMs: v.number(),
  /** Some of what is not as it has to be: assets without their product's values, requests that were refused. */
  wrong: v.array(v.string()),
})
export type Seen = v.InferOutput<typeof seen>
