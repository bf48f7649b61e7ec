// Run in a process of its own: tells which libraries of a bundle are evaluated, by whether the function that webpack
// wraps each module in was called. A file of the bundle that is not loaded holds nothing that is.
//   node library-probe.cjs <bundle> < { "markers": { "<library>": "<text in its code>" }, "params": { ... } }
// With params, main(params) is run first.
const { Session } = require('node:inspector')
const { readdirSync, readFileSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { pathToFileURL } = require('node:url')

const bundle = process.argv[2]
const { markers, params } = JSON.parse(readFileSync(0, 'utf8'))
const session = new Session()
session.connect()

/** A session of the own thread answers before `post` returns. */
const post = (method, options) => {
  let result
  session.post(method, options, (error, value) => {
    if (error) throw new Error(`${method}: ${error.message}`)
    result = value
  })
  return result
}

const folder = dirname(bundle)
const files = readdirSync(folder).map((name) => {
  const path = join(folder, name)
  return { url: pathToFileURL(path).href, code: readFileSync(path, 'utf8') }
})

/** The outermost function around an offset that is not the bundle as a whole. */
const moduleAround = (ranges, offset, length) =>
  ranges
    .filter(({ startOffset, endOffset }) => startOffset <= offset && offset < endOffset)
    .filter(({ startOffset, endOffset }) => endOffset - startOffset < length * 0.9)
    .sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset))[0]

// taking the coverage starts the count anew
const seen = new Set()

const report = () => {
  const { result } = post('Profiler.takePreciseCoverage')
  const states = Object.entries(markers).map(([name, text]) => {
    const holding = files.filter(({ code }) => code.includes(text))
    if (holding.length === 0) return [name, 'absent']
    for (const { url, code } of holding) {
      const script = result.find((it) => it.url === url)
      const ranges = script?.functions.map((it) => it.ranges[0]) ?? []
      const around = moduleAround(ranges, code.indexOf(text), code.length)
      if (around !== undefined && around.count > 0) seen.add(name)
    }
    return [name, seen.has(name) ? 'evaluated' : 'asleep']
  })
  return Object.fromEntries(states)
}

const main = async () => {
  post('Profiler.enable')
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  const loaded = require(bundle)
  const libraries = { loaded: report() }
  if (params !== undefined) {
    const answer = await loaded.main(params)
    Object.assign(libraries, { answer, used: report() })
  }
  // what the action logged stands before it
  process.stdout.write(`\n${JSON.stringify(libraries)}`)
}

main().then(() => process.exit(0))
