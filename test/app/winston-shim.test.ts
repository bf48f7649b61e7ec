import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/command'

const shim = join(root, 'webpack/shims/winston.js')

const levels = ['error', 'info', 'debug', 'silly', 'nonsense']
const end = '--- the end of a level'

/** Logs through aio-lib-core-logging at each level, on winston itself or on the shim that takes its place in a bundle. */
function logged(replaced: boolean): string[][] {
  const script = `
    const Module = require('node:module')
    const resolve = Module._resolveFilename
    if (${replaced}) {
      Module._resolveFilename = (name, ...rest) => name === 'winston' ? ${JSON.stringify(shim)} : resolve(name, ...rest)
    }
    const create = require('@adobe/aio-lib-core-logging')
    for (const level of ${JSON.stringify(levels)}) {
      const logger = create('label', { level })
      for (const at of ['error', 'warn', 'info', 'log', 'verbose', 'debug', 'silly']) {
        logger[at]('a %s and 100 %', at, { more: [1] })
        logger[at]('%d%%', 7)
        logger[at]('')
      }
      logger.close()
      console.log('${end}')
    }`
  const output = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8', env: {} })
  return output
    .split(`${end}\n`)
    .map((part) => part.split('\n').map((line) => line.replace(/^\S+Z/, '<time>')))
}

describe('the shim for winston', () => {
  const [original, shimmed] = [logged(false), logged(true)]

  test.each(levels.map((level, index) => [level, index] as const))(
    'writes what winston writes at level %s',
    (level, index) => {
      expect(original).toHaveLength(levels.length + 1)
      expect(shimmed[index]).toEqual(original[index])
      if (level !== 'nonsense') expect(original[index]?.length).toBeGreaterThan(3)
    },
  )

  test('refuses a transport it does not have', () => {
    const winston = require(shim) as { transports: { File: new () => unknown } }

    expect(() => new winston.transports.File()).toThrow('File transport is not in this bundle')
  })
})
