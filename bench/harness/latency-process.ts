import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * Adds latency to connections, in a process of its own. The first argument is the round trip in milliseconds. A message
 * with a port of this machine is answered with that port and another one, which leads there.
 *
 * Each direction takes half of the round trip, and the handshake takes a whole one. Bytes keep their order. They wait in
 * memory, so the bandwidth stays what it is; a receiver that takes nothing stops the sender, as it does without.
 */
const roundTripMs = Number(process.argv[2])

process.on('message', (target: unknown) => {
  if (typeof target !== 'number') return
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => join(near, target))
  server.listen(0, '127.0.0.1', () => {
    const address: AddressInfo | string | null = server.address()
    if (address !== null && typeof address === 'object') process.send?.([target, address.port])
  })
})
process.on('disconnect', () => process.exit(0))

function join(near: Socket, target: number): void {
  const far = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const openAt = performance.now() + roundTripMs
  delay(near, far, openAt)
  delay(far, near, openAt)
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => {
      if (one.errored !== null || !one.readableEnded) other.destroy()
    })
  }
}

/** Passes on what `from` gives, half a round trip later, and its end. */
function delay(from: Socket, to: Socket, openAt: number): void {
  const line: { at: number; bytes: Buffer | undefined }[] = []
  let first = 0
  let timer: NodeJS.Timeout | undefined
  const put = (bytes: Buffer | undefined): void => {
    line.push({ at: Math.max(performance.now(), openAt) + roundTripMs / 2, bytes })
    if (timer === undefined) pass()
  }
  const pass = (): void => {
    timer = undefined
    to.cork()
    for (let next = line[first]; next !== undefined; next = line[first]) {
      const wait = next.at - performance.now()
      if (wait > 0) {
        timer = setTimeout(pass, wait)
        break
      }
      first += 1
      if (next.bytes === undefined) to.end()
      else if (!to.write(next.bytes)) from.pause()
    }
    to.uncork()
    line.splice(0, first)
    first = 0
  }
  from.on('data', put)
  from.on('end', () => put(undefined))
  to.on('drain', () => from.resume())
}
