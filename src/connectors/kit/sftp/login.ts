import type { AuthenticationType, AuthHandlerMiddleware } from 'ssh2'
import type { SftpSettings } from './inputs'

/** The methods to log in, one after the other, and what became of them. */
export type Login = {
  handler: AuthHandlerMiddleware
  /** The methods that the server still wants, when there is none left to try; empty before. */
  wanted(): readonly string[]
}

/**
 * Logs in with what the inputs hold. A server may want two methods in a row: it calls the first one a partial success
 * and then names what it still wants (RFC 4252, 5.1). So each method is kept for the moment when it is asked for, and
 * none is tried twice.
 */
export function createLogin({ privateKey, password }: SftpSettings): Login {
  const methods: AuthenticationType[] = [
    ...(privateKey === undefined ? [] : ['publickey' as const]),
    ...(password === undefined ? [] : ['password' as const, 'keyboard-interactive' as const]),
  ]
  const tried = new Set<AuthenticationType>()
  let wanted: readonly string[] = []

  return {
    wanted: () => wanted,
    handler: (left: readonly AuthenticationType[] | null, _partly, next) => {
      // What the server takes is not known before it was asked once.
      if (left === null) return next('none')
      const method = methods.find((one) => left.includes(one) && !tried.has(one))
      if (method === undefined) {
        wanted = left
        // Ends the login.
        return false
      }
      tried.add(method)
      return next(method)
    },
  }
}
