import type { Fault, Faults, FaultTarget } from '../../../sandbox/faults'
import type { PimCommunicator } from '../../../src/plugin/pim'

/** A communicator in front of a server of its own, and what the suite does to that. */
export type PimBench = {
  pim: PimCommunicator
  /** Makes the PIM know a product under this identifier. */
  know(identifier: string): void
  /** Requests that reached the PIM so far. */
  requests(): number
  /** Those that were for something else than products. */
  strays(): readonly string[]
  /** What goes wrong with the requests for products. */
  faults: Faults
  /** From now on the PIM takes other credentials. */
  refuseCredentials(): void
  /** What must not be seen anywhere. */
  secrets: readonly string[]
  /** For a communicator that has `updateProducts`, and none else. */
  writing?: PimWriting
  close(): Promise<void>
}

/** How a communicator writes, and what the PIM holds then. */
export type PimWriting = {
  /** An attribute that takes a short text, and has none when a product becomes known. */
  attribute: string
  /** What the PIM itself holds of it; undefined when it has none, or when there is no such product. */
  held(identifier: string): unknown
  /** How many products the PIM knows. */
  products(): number
  /** Requests that write, so far. */
  writes(): number
  /** Which of the requests of {@link PimBench.faults} write. */
  target: FaultTarget
  /** A value of the attribute that the PIM itself refuses; undefined when it takes all. */
  refused?: string
}

/** What the caller declares that a communicator cannot do; nothing, as a rule. */
export type PimLimits = {
  /** It has no PIM that could know a product or not: it always answers. */
  alwaysAnswers?: boolean
  /** It calls nobody who could fail, hang or refuse its credentials. */
  callsNobody?: boolean
}

/** Each is a name of its own, and something else to a careless URL. */
export const oddIdentifiers = [
  ...['lamp 1', ' lamp', 'lamp/1', '/lamp', 'lamp/', 'lamp/../lamp', '..', '.', '../search', '...', './lamp'],
  ...[
    '%',
    '%2F',
    '%6Camp',
    'lamp%00',
    '%2e%2e',
    'lamp?',
    'lamp?sku=shade',
    'lamp#shade',
    'lamp&sku=shade',
    'lamp;v=1',
  ],
  ...[
    'lamp,shade',
    ',',
    'lamp+shade',
    '+',
    'lamp=1',
    'lamp\\..\\shade',
    '$&',
    "l'amp",
    '"',
    '<b>',
    '{identifier}',
  ],
  ...[
    '{identifiers}',
    'lámpara',
    'la\u0301mpara',
    'ランプ',
    '💡',
    'lamp\nshade',
    'lamp\r\nx-evil: 1',
    '\u0000',
    '\ud800',
  ],
  ...[
    '__proto__',
    'constructor',
    '0',
    'null',
    'LAMP',
    '//evil.test/lamp',
    'https://evil.test/',
    '@evil.test',
    ':80',
    'x'.repeat(300),
  ],
]

export const troubles: [string, Fault, string][] = [
  ['429', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 'transient'],
  ['500', { kind: 'status', status: 500 }, 'transient'],
  ['502', { kind: 'status', status: 502 }, 'transient'],
  ['503', { kind: 'status', status: 503 }, 'transient'],
  ['504', { kind: 'status', status: 504 }, 'transient'],
  ['a reset connection', { kind: 'reset' }, 'transient'],
  ['a lost answer', { kind: 'resetAfter' }, 'transient'],
  ['a cut answer', { kind: 'cut' }, 'transient'],
  ['a login page', { kind: 'html' }, 'transient'],
  ['401', { kind: 'status', status: 401 }, 'systemic'],
  ['403', { kind: 'status', status: 403 }, 'systemic'],
]
