import type { ServerResponse } from 'node:http'

/** What a storage stand-in does instead of its work. */
export type StorageFault = {
  /** The operation's own name, such as `PutObject`. */
  operation: string
  /** @default 500 */
  status?: number
  /** The service's own word. */
  code?: string
  headers?: Readonly<Record<string, string>>
  /** Answers this instead, as a proxy would: none of the service's headers. */
  page?: string
  /** Does its work all the same. @default false */
  takesEffect?: boolean
  /** Breaks the connection in place of an answer. @default false */
  lost?: boolean
  /** @default 1 */
  times?: number
}

/** The faults that are still to strike. */
export type StorageFaults = {
  failNext(operation: string, fault: Omit<StorageFault, 'operation'>): void
  take(operation: string): StorageFault | undefined
}

/** Creates an empty list. */
export function createStorageFaults(): StorageFaults {
  const left: StorageFault[] = []
  return {
    failNext: (operation, fault) => {
      for (let turn = 0; turn < (fault.times ?? 1); turn++) left.push({ operation, ...fault })
    },
    take: (operation) => {
      const place = left.findIndex((fault) => fault.operation === operation)
      return place < 0 ? undefined : left.splice(place, 1)[0]
    },
  }
}

/** An answer of a stand-in. */
export type StorageAnswer = { status: number; headers?: Readonly<Record<string, string>>; body?: string }

/** Answers as a fault says. @param problem how the service puts an error */
export function answerFault(
  fault: StorageFault,
  response: ServerResponse,
  problem: (status: number, code: string) => StorageAnswer,
): StorageAnswer | undefined {
  if (fault.lost) {
    response.destroy()
    return undefined
  }
  const status = fault.status ?? 500
  if (fault.page !== undefined) {
    const headers = { 'content-type': 'text/html', ...fault.headers }
    return { status, headers, body: fault.page }
  }
  const answer = problem(status, fault.code ?? 'InternalError')
  return { ...answer, headers: { ...answer.headers, ...fault.headers } }
}
