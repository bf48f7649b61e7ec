import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/command'

const shim = join(root, 'webpack/shims/winston.js')

/** Logs through aio-lib-core-logging, on winston itself or on the shim that takes its place in a bundle. */
function logged(level: string, replaced: boolean): string[] {
  const script = `
    const Module = require('node:module')
    const resolve = Module._resolveFilename
    if (${replaced}) {
      Module._resolveFilename = (name, ...rest) => name === 'winston' ? ${JSON.stringify(shim)} : resolve(name, ...rest)
    }
    const logger = require('@adobe/aio-lib-core-logging')('label', ${JSON.stringify({ level })})
    for (const at of ['error', 'warn', 'info', 'log', 'verbose', 'debug', 'silly']) {
      logger[at]('a %s and 100 %', at, { more: [1] })
      logger[at]('%d%%', 7)
      logger[at]('')
    }
    logger.close()`
  const output = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8', env: {} })
  return output.split('\n').map((line) => line.replace(/^\S+Z/, '<time>'))
}

describe('the shim for winston', () => {
  test.each(['error', 'info', 'debug', 'silly', 'nonsense'])(
    'writes what winston writes at level %s',
    (level) => {
      const original = logged(level, false)

      expect(logged(level, true)).toEqual(original)
      if (level !== 'nonsense') expect(original.length).toBeGreaterThan(3)
    },
  )

  test('refuses a transport it does not have', () => {
    const winston = require(shim) as { transports: { File: new () => unknown } }

    expect(() => new winston.transports.File()).toThrow('File transport is not in this bundle')
  })
})
