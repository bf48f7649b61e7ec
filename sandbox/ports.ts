import { createServer } from 'node:net'

const isTaken = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(true))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)))
  })

/** The first of these ports on 127.0.0.1 that cannot be listened on, if any. */
export const findTakenPort = async (ports: readonly number[]): Promise<number | undefined> => {
  for (const port of ports) if (await isTaken(port)) return port
  return undefined
}
