import * as v from 'valibot'
import { type BridgeError, systemicError } from '../core/errors'
import { logLevels } from '../core/logger'
import { parseOrigin } from '../http/origin'
import { stateRegions } from '../store/state-store'
import type { RawInputs } from './raw-inputs'

/** Items separated by commas or blanks; a list in brackets, as the Developer Console gives scopes, is one, too. */
const split = (text: string): string[] =>
  text
    .replace(/^\[(.*)\]$/s, '$1')
    .split(/[\s,"']+/)
    .filter((item) => item !== '')

const Flag = v.pipe(
  v.picklist(['true', 'false', 'yes', 'no', '1', '0'], 'must be true or false'),
  v.transform((text) => ['true', 'yes', '1'].includes(text)),
)

const WholeNumber = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d+$/, `must be a whole number from ${min} to ${max}`),
    v.transform(Number),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  )

const Origin = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const origin = parseOrigin(dataset.value)
    if (typeof origin === 'string') return origin
    // Whatever stands before an @ is a user name and a password.
    const shown = dataset.value.replace(/^.*@/s, '...@')
    addIssue({ message: `${JSON.stringify(shown)} ${origin.refused}` })
    return NEVER
  }),
)

const Origins = v.pipe(
  v.string(),
  v.transform(split),
  v.minLength(1, 'must name at least one origin'),
  v.tupleWithRest([Origin], Origin),
)

const missing = {
  ADC_CECREDENTIALS_CLIENTID:
    'is not set: set it to the client id of the OAuth Server-to-Server credential of your Developer Console project',
  ADC_CECREDENTIALS_CLIENTSECRET:
    'is not set: set it to a client secret of the OAuth Server-to-Server credential',
  ADC_CECREDENTIALS_METASCOPES:
    'is not set: set it to the scopes of the OAuth Server-to-Server credential, separated by commas',
  AEM_AUTHOR_URLS:
    'is not set: set it to the origin of your AEM author, such as https://author-p1-e2.adobeaemcloud.com (several separated by commas)',
} as const

const required = (name: keyof typeof missing) => v.string(missing[name])

const Settings = v.object({
  LOG_LEVEL: v.optional(v.picklist(logLevels, `must be one of ${logLevels.join(', ')}`), 'info'),
  ADC_CECREDENTIALS_CLIENTID: required('ADC_CECREDENTIALS_CLIENTID'),
  ADC_CECREDENTIALS_CLIENTSECRET: required('ADC_CECREDENTIALS_CLIENTSECRET'),
  ADC_CECREDENTIALS_METASCOPES: v.pipe(
    required('ADC_CECREDENTIALS_METASCOPES'),
    v.transform(split),
    v.minLength(1, 'must name at least one scope'),
  ),
  IMS_URL: v.optional(Origin, 'https://ims-na1.adobelogin.com'),
  AEM_AUTHOR_URLS: v.pipe(required('AEM_AUTHOR_URLS'), Origins),
  AEM_API_KEY: v.optional(v.string()),
  AEM_PATCH_PATHS: v.optional(
    v.picklist(['auto', 'short', 'full', 'bare'], 'must be auto, short, full or bare'),
    'auto',
  ),
  AEM_EXPERIMENTAL: v.optional(Flag, 'true'),
  AEM_CONCURRENCY: v.optional(WholeNumber(1, 100), '8'),
  PIM_COMMUNICATOR: v.optional(v.string(), 'mock'),
})

/** The inputs that AEM, IMS and the choice of a PIM need, checked. */
export type Settings = v.InferOutput<typeof Settings>

/**
 * Checks the inputs of an enriching action.
 * @throws {BridgeError} systemic, `INPUT_INVALID`, naming every input that is wrong and what to set
 */
export const parseSettings = (inputs: RawInputs): Settings => parse(Settings, inputs)

function parse<Schema extends v.ObjectSchema<v.ObjectEntries, undefined>>(
  schema: Schema,
  inputs: RawInputs,
): v.InferOutput<Schema> {
  // Every name has to be there, or valibot reports a missing key without our message.
  const parsed = v.safeParse(
    schema,
    Object.fromEntries(Object.keys(schema.entries).map((name) => [name, inputs[name]])),
  )
  if (parsed.success) return parsed.output
  throw inputError(
    parsed.issues.map((issue) => `${String(issue.path?.[0]?.key ?? 'an input')} ${issue.message}`),
  )
}

const JournalSettings = v.object({
  ADC_CECREDENTIALS_ORGID: v.string(
    'is not set: set it to the id of your organisation (...@AdobeOrg), as the page of the credential shows it',
  ),
})

/**
 * The organisation that a journal belongs to.
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export const parseOrgId = (inputs: RawInputs): string =>
  parse(JournalSettings, inputs).ADC_CECREDENTIALS_ORGID

const BatchSettings = v.object({
  EXPORT_MAX_EVENTS: v.optional(WholeNumber(1, 10_000_000), '10000'),
  EXPORT_MAX_BYTES: v.optional(WholeNumber(1, 10 ** 15), String(10 ** 12)),
  EXPORT_CONCURRENCY: v.optional(WholeNumber(1, 64), '4'),
  EXPORT_WORKERS: v.optional(WholeNumber(1, 50), '1'),
  EXPORT_MAX_ATTEMPTS: v.optional(WholeNumber(1, 100), '5'),
  PENDING_MAX: v.optional(WholeNumber(1, 10_000), '1000'),
})

/** The inputs of a batch run, checked. */
export type BatchSettings = v.InferOutput<typeof BatchSettings>

/**
 * Checks the inputs of a batch run, but for those of the journal.
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export const parseBatchSettings = (inputs: RawInputs): BatchSettings => parse(BatchSettings, inputs)

const SyncSettings = v.object({
  PIM_SYNC_DELETED: v.optional(v.picklist(['keep', 'clear', 'mark'], 'must be keep, clear or mark'), 'keep'),
})

/**
 * What becomes of assets whose product is gone from the PIM.
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export const parseDeletedPolicy = (inputs: RawInputs): 'keep' | 'clear' | 'mark' =>
  parse(SyncSettings, inputs).PIM_SYNC_DELETED

const EventSettings = v.object({
  AKENEO_EVENT_SECRETS: v.pipe(
    v.string(
      'is not set: set it to the secret of your subscription at Akeneo (several separated by commas, the newest first)',
    ),
    v.transform((text) =>
      text
        .split(',')
        .map((secret) => secret.trim())
        .filter((secret) => secret !== ''),
    ),
    v.minLength(1, 'holds no secret'),
  ),
})

/**
 * The secrets that Akeneo may sign events with.
 * @throws {BridgeError} systemic, `INPUT_INVALID`
 */
export const parseEventSecrets = (inputs: RawInputs): readonly string[] =>
  parse(EventSettings, inputs).AKENEO_EVENT_SECRETS

/** The region of the State service, checked on its own: a dead letter must not need the other inputs. */
export function parseStateRegion(inputs: RawInputs): (typeof stateRegions)[number] {
  const region = v.safeParse(v.optional(v.picklist(stateRegions), 'amer'), inputs.STATE_REGION)
  if (region.success) return region.output
  throw inputError([`STATE_REGION must be one of ${stateRegions.join(', ')}`])
}

function inputError(problems: readonly string[]): BridgeError {
  return systemicError(
    'INPUT_INVALID',
    `wrong input: ${problems.join('; ')}. Inputs come from .env when the app is deployed`,
  )
}
