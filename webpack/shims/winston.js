// aio-lib-core-logging, which Adobe's libraries log with, asks winston for one thing: the line
// `<timestamp> [<label>] <level>: <message>` on stdout. This is that line, made as winston 3 makes it. winston itself
// brings streams, files, HTTP, colours and date formats: 120 KB of the bundle, a sixth of the time to load it.
// test/app/winston-shim.test.ts holds the two against each other.
const { EOL } = require('node:os')

const levels = { error: 0, warn: 1, info: 2, http: 3, verbose: 4, debug: 5, silly: 6 }

const format = {
  combine: (...formats) => ({ transform: (info) => formats.reduce((all, one) => one.transform(all), info) }),
  label: (options) => ({ transform: (info) => ({ ...info, label: options.label }) }),
  timestamp: () => ({ transform: (info) => ({ ...info, timestamp: new Date().toISOString() }) }),
  // The message arrives formatted: there is nothing left to splat.
  splat: () => ({ transform: (info) => info }),
  printf: (template) => ({ transform: (info) => ({ ...info, line: template(info) }) }),
}

class Console {
  write(line) {
    // winston's way past a console that someone replaced.
    if (console._stdout) console._stdout.write(line + EOL)
    else console.log(line)
  }
}

const unsupported = (name) =>
  class {
    constructor() {
      throw new Error(`winston's ${name} transport is not in this bundle: an action logs to its console`)
    }
  }

function createLogger({ level, format: lineFormat, transports, silent }) {
  const log = (name) => (message) => {
    if (silent || !(levels[level] >= levels[name])) return
    const { line } = lineFormat.transform({ level: name, message })
    for (const transport of transports) transport.write(line)
  }
  const methods = Object.keys(levels).map((name) => [name, log(name)])
  return { ...Object.fromEntries(methods), close() {} }
}

module.exports = {
  createLogger,
  format,
  transports: {
    Console,
    File: unsupported('File'),
    Http: unsupported('Http'),
    Stream: unsupported('Stream'),
  },
}
