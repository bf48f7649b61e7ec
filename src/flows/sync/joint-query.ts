import { type CallContext, type MemoryHold, untilAborted } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { Product, ProductRef } from '../../core/product'
import { uuidPattern } from '../../core/uuid'
import type { PimCommunicator } from '../../plugin/pim'

/** A query that waits to be asked with others. */
export type WaitingQuery = {
  refs: readonly ProductRef[]
  /** Of whoever waits for the answer. */
  call: CallContext
  resolve(products: readonly Product[]): void
  reject(reason: unknown): void
}

/**
 * Whether the answer to such a query can be told from those to others: only by its identifier is a product matched to the
 * query that asked for it. One that is asked for by a uuid may come with an identifier that another query names.
 */
export const canBeJoined = (pim: PimCommunicator, refs: readonly ProductRef[]): boolean =>
  !pim.isAskedForEach && refs.every(({ kind, value }) => kind === 'identifier' && !uuidPattern.test(value))

/** The communicator with another way to ask for products. It polls nothing. */
export const askingBy = (
  pim: PimCommunicator,
  getProducts: PimCommunicator['getProducts'],
): PimCommunicator => ({
  // By their names: those of a class of the user's are not its own, and a copy would lack them.
  name: pim.name,
  getProducts,
  check: (call) => pim.check(call),
  ...(pim.isAskedForEach && { isAskedForEach: pim.isAskedForEach }),
  ...(pim.updateProducts && { updateProducts: pim.updateProducts.bind(pim) }),
  ...(pim.unknownAttributes && { unknownAttributes: pim.unknownAttributes.bind(pim) }),
  ...(pim.knownAttributes && { knownAttributes: pim.knownAttributes.bind(pim) }),
})

/**
 * Asks the PIM for the products of all queries in one call, that of the query with the most time left, and gives each its
 * own. When one product makes the PIM refuse all, or that query ends early, each half is asked by itself; when the PIM
 * answers with identifiers that no query named, each query. Any other failure is that of all. Never throws.
 */
export async function askTogether(pim: PimCommunicator, queries: readonly WaitingQuery[]): Promise<void> {
  const open = queries.filter(isOpen)
  const [first] = open
  if (first === undefined) return
  if (open.length === 1) return askAlone(pim, first)
  if (namesDifferInCaseOnly(open)) return askHalves(pim, open)
  const { call } = open.reduce((last, query) => (query.call.deadline > last.call.deadline ? query : last))
  try {
    const answers = await jointAnswers(pim, open, { ...call, ...sharedMemory(open) })
    if (answers === undefined) await Promise.all(open.map((query) => askAlone(pim, query)))
    else
      open.forEach(({ resolve }, index) => {
        resolve(answers[index] ?? [])
      })
  } catch (thrown) {
    if (call.signal.aborted || toBridgeError(thrown).failureClass === 'permanent') return askHalves(pim, open)
    for (const { reject } of open) reject(thrown)
  }
}

/** Whoever gave up meanwhile is not asked for. */
function isOpen({ call, reject }: WaitingQuery): boolean {
  if (call.signal.aborted) reject(call.signal.reason)
  return !call.signal.aborted
}

async function askAlone(pim: PimCommunicator, { refs, call, resolve, reject }: WaitingQuery): Promise<void> {
  try {
    resolve(await untilAborted(pim.getProducts(refs, call), call.signal))
  } catch (thrown) {
    reject(thrown)
  }
}

async function askHalves(pim: PimCommunicator, queries: readonly WaitingQuery[]): Promise<void> {
  const half = Math.ceil(queries.length / 2)
  await askTogether(pim, queries.slice(0, half))
  await askTogether(pim, queries.slice(half))
}

/** Undefined when the PIM answers with identifiers that no query named. */
async function jointAnswers(
  pim: PimCommunicator,
  queries: readonly WaitingQuery[],
  call: CallContext,
): Promise<readonly (readonly Product[])[] | undefined> {
  const refs = new Map(queries.flatMap((one) => one.refs.map((ref) => [ref.value, ref] as const)))
  const products = await untilAborted(pim.getProducts([...refs.values()], call), call.signal)
  // PIMs find `lamp-7` under `LAMP-7`, too.
  const folded = new Set([...refs.keys()].map(fold))
  if (!products.every(({ identifier }) => folded.has(fold(identifier)))) return undefined
  return queries.map((one) => {
    const asked = new Set(one.refs.map(({ value }) => fold(value)))
    return products.filter(({ identifier }) => asked.has(fold(identifier)))
  })
}

/** Asked together, a PIM that tells cases apart could not be told from one that does not. */
function namesDifferInCaseOnly(queries: readonly WaitingQuery[]): boolean {
  const names = new Set(queries.flatMap(({ refs }) => refs.map(({ value }) => value)))
  return new Set([...names].map(fold)).size < names.size
}

/** Each holds its part of what is read for all. */
function sharedMemory(queries: readonly WaitingQuery[]): { memory?: MemoryHold } {
  const holds = queries.flatMap(({ call }) => call.memory ?? [])
  if (holds.length === 0) return {}
  const take = (bytes: number): void => {
    for (const hold of holds) hold.take(bytes / holds.length)
  }
  return { memory: { take, commit: () => undefined } }
}

const fold = (text: string): string => text.toLowerCase()
