import type { ActionLimits, ActionName } from '../../src/plugin/deployment'

/** One action, as ext.config.yaml declares it. */
export type ActionFacts = {
  name: ActionName
  /** Who starts it. */
  about: string
  web: 'no' | 'raw'
  /** Comments by the key that they stand above. */
  comments?: Partial<
    Record<'web' | 'timeout' | 'concurrency' | 'require-adobe-auth' | 'provide-api-key', string>
  >
  limits: Required<ActionLimits>
  /** Speaks to Adobe with a token. */
  usesIms: boolean
}

const minute = 60_000
/** The longest that I/O Runtime allows. */
const threeHours = 180 * minute

/** The actions with their usual limits. */
export const actions: readonly ActionFacts[] = [
  {
    name: 'generic',
    about: 'I/O Events: Asset Processing Completed',
    web: 'no',
    comments: {
      web: 'I/O Events invokes it as the action it is; nothing is served on the web.',
      'provide-api-key': "State takes the namespace's own key, which Runtime hands over only when asked to.",
    },
    limits: { timeout: minute, memorySize: 256, concurrency: 200 },
    usesIms: true,
  },
  {
    name: 'export-asset',
    about: 'I/O Events: asset published, unpublished, deleted',
    web: 'no',
    comments: {
      concurrency: 'Files pass through memory in blocks: few share a container.',
      'provide-api-key': 'For State, and for starting export-worker.',
    },
    limits: { timeout: minute, memorySize: 256, concurrency: 4 },
    usesIms: true,
  },
  {
    name: 'export-worker',
    about:
      'Started by export-asset, for what outlasts an event, and by export-batch, for a share of its work',
    web: 'no',
    comments: { timeout: 'Three hours: the longest that I/O Runtime allows.' },
    limits: { timeout: threeHours, memorySize: 256, concurrency: 4 },
    usesIms: true,
  },
  {
    name: 'export-batch',
    about: 'Fired by the alarm below: drains the I/O Events journal',
    web: 'no',
    comments: {
      timeout: 'A run stops by itself after 8 minutes; what is still going on then may take its time.',
      'provide-api-key': 'For State, and for starting export-worker.',
    },
    limits: { timeout: threeHours, memorySize: 256, concurrency: 1 },
    usesIms: true,
  },
  {
    name: 'pim-events',
    about: 'Akeneo Event Platform',
    web: 'raw',
    comments: {
      web: 'Served on the web; the signature covers the bytes as they were sent.',
      concurrency: 'Many requests in one container make one activation of pim-sync.',
      'require-adobe-auth': "Akeneo has no token of Adobe's: the action checks Akeneo's own signature.",
      'provide-api-key':
        'For starting pim-sync; and for State, when products that are gone must not get lost.',
    },
    limits: { timeout: minute, memorySize: 256, concurrency: 200 },
    usesIms: false,
  },
  {
    name: 'pim-sync',
    about: 'Started by pim-events, with references to changed products',
    web: 'no',
    comments: {
      timeout:
        'Long enough for a product model with thousands of assets, and for a PIM that is down for some minutes.',
      concurrency: 'Akeneo allows a connection four calls at once: what is in one container shares them.',
    },
    limits: { timeout: 30 * minute, memorySize: 256, concurrency: 200 },
    usesIms: true,
  },
  {
    name: 'reconcile',
    about: 'Fired by the alarm below: asks the PIM what has changed',
    web: 'no',
    comments: {
      timeout: 'A run begins nothing new after 8 minutes; what it has begun may take its time.',
    },
    limits: { timeout: threeHours, memorySize: 256, concurrency: 1 },
    usesIms: true,
  },
  {
    name: 'status',
    about: 'Monitors: how the app is, as JSON or as metrics. Off unless STATUS_TOKEN is set',
    web: 'raw',
    comments: {
      web: 'Served on the web; the token stands in a header.',
      'require-adobe-auth': "A monitor has no token of Adobe's: the action checks STATUS_TOKEN.",
      'provide-api-key': 'For State.',
    },
    limits: { timeout: minute, memorySize: 256, concurrency: 200 },
    usesIms: false,
  },
]
