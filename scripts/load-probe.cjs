// Run in a process of its own: loads the bundle that is named, and tells what that took.
//   node load-probe.cjs <bundle> [challenge]
const bundle = process.argv[2]
const challenge = process.argv[3]
// aio-lib-state reads this variable when it is evaluated, so the question for it tells that it was.
const stateMarker = 'AIO_STATE_ENDPOINT'
let stateLoaded = false
process.env = new Proxy(process.env, {
  get(target, name) {
    if (name === stateMarker) stateLoaded = true
    return target[name]
  },
})

const heapBefore = process.memoryUsage().heapUsed
const started = process.hrtime.bigint()
const loaded = require(bundle)
const loadMs = Number(process.hrtime.bigint() - started) / 1e6
const { rss, heapUsed } = process.memoryUsage()
const report = { loadMs, rss, heap: heapUsed - heapBefore, stateLoaded, exports: Object.keys(loaded) }

if (challenge === undefined) {
  process.stdout.write(JSON.stringify(report))
} else {
  loaded.main({ challenge }).then((answer) => process.stdout.write(JSON.stringify({ ...report, answer })))
}
