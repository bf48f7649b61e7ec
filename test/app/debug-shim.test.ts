import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/command'

const shim = join(root, 'webpack/shims/debug.js')

/** What a script prints in which `debug` is itself, or the shim that takes its place in a bundle. */
const printed = (replaced: boolean, script: string): string =>
  execFileSync(
    process.execPath,
    [
      '-e',
      `const Module = require('node:module')
      const resolve = Module._resolveFilename
      if (${replaced}) {
        Module._resolveFilename = (name, ...rest) => name === 'debug' ? ${JSON.stringify(shim)} : resolve(name, ...rest)
      }
      ${script}`,
    ],
    { cwd: root, encoding: 'utf8', env: {} },
  )

test.each([
  [
    'the logger of Adobe’s State client',
    `const logger = require('@adobe/aio-lib-core-logging')('label', { provider: 'debug', level: 'silly' })
    for (const at of ['error', 'warn', 'info', 'verbose', 'debug', 'silly']) logger[at]('text')`,
  ],
  [
    'agents of proxies',
    `for (const [name, agent] of [['https-proxy-agent', 'HttpsProxyAgent'], ['http-proxy-agent', 'HttpProxyAgent']]) {
      const made = new (require(name)[agent])('http://127.0.0.1:9')
      console.log(made.proxy.port)
    }`,
  ],
])('%s work with the shim for debug as with debug', (_what, script) => {
  expect(printed(true, script)).toBe(printed(false, script))
})
