import type { CallContext } from '../../core/call-context'
import { toBridgeError } from '../../core/errors'
import type { Product, ProductRef } from '../../core/product'
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
 * query that asked for it.
 */
export const canBeJoined = (pim: PimCommunicator, refs: readonly ProductRef[]): boolean =>
  !pim.isAskedForEach && refs.every(({ kind }) => kind === 'identifier')

/** The communicator with another way to ask for products. It polls nothing. */
export const askingBy = (
  pim: PimCommunicator,
  getProducts: PimCommunicator['getProducts'],
): PimCommunicator => ({
  // By their names: those of a class of the user's are not its own, and a copy would lack them.
  name: pim.name,
  getProducts,
  check: (call) => pim.check(call),
  ...(pim.updateProducts && { updateProducts: pim.updateProducts.bind(pim) }),
  ...(pim.unknownAttributes && { unknownAttributes: pim.unknownAttributes.bind(pim) }),
  ...(pim.knownAttributes && { knownAttributes: pim.knownAttributes.bind(pim) }),
})

/**
 * Asks the PIM for the products of all queries in one call and gives each query its own. Each is asked alone, by its own
 * call, where that cannot be: the PIM answers with identifiers that no query named, one product makes it refuse the
 * others, or the call ends early. Any other failure is that of all. Never throws.
 * @param call by which all are asked; it should end no earlier than those of the queries
 */
export async function askTogether(
  pim: PimCommunicator,
  queries: readonly WaitingQuery[],
  call: CallContext,
): Promise<void> {
  if (queries.length > 1) {
    try {
      const answers = await jointAnswers(pim, queries, call)
      if (answers !== undefined) {
        queries.forEach(({ resolve }, index) => {
          resolve(answers[index] ?? [])
        })
        return
      }
    } catch (thrown) {
      if (!call.signal.aborted && toBridgeError(thrown).failureClass !== 'permanent') {
        for (const { reject } of queries) reject(thrown)
        return
      }
    }
  }
  await Promise.all(
    queries.map(({ refs, call: own, resolve, reject }) =>
      own.signal.aborted ? reject(own.signal.reason) : pim.getProducts(refs, own).then(resolve, reject),
    ),
  )
}

/** Undefined when the PIM answers with identifiers that no query named. */
async function jointAnswers(
  pim: PimCommunicator,
  queries: readonly WaitingQuery[],
  call: CallContext,
): Promise<readonly (readonly Product[])[] | undefined> {
  const refs = new Map(queries.flatMap((one) => one.refs.map((ref) => [ref.value, ref] as const)))
  const products = await pim.getProducts([...refs.values()], call)
  // PIMs find `lamp-7` under `LAMP-7`, too.
  const folded = new Set([...refs.keys()].map(fold))
  if (!products.every(({ identifier }) => folded.has(fold(identifier)))) return undefined
  return queries.map((one) => {
    const asked = new Set(one.refs.map(({ value }) => value))
    const foldedOfOne = new Set([...asked].map(fold))
    return products.filter(
      ({ identifier }) =>
        asked.has(identifier) || (!refs.has(identifier) && foldedOfOne.has(fold(identifier))),
    )
  })
}

const fold = (text: string): string => text.toLowerCase()
