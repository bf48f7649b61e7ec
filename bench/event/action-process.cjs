'use strict'
/*
 * An action in a process of its own, warm: it is loaded once, and runs the events that are sent to it, so many at once.
 * Plain JavaScript, so that nothing but the bundle and Node costs anything.
 *
 * argv[2]: the bundle. Each message { params, events, atOnce } is answered with what the run took. `params` and each of
 * `events` are JSON of an object: as in I/O Runtime each event is parsed, together with all inputs.
 */
const { main } = require(process.argv[2])

process.on('disconnect', () => process.exit(0))
process.on('message', ({ params, events, atOnce }) => {
  run(params, events, atOnce).then((report) => process.send(report))
})
process.send({ ready: true })

async function run(params, events, atOnce) {
  const failures = []
  const inputs = params.slice(0, -1)
  let next = 0
  const worker = async () => {
    while (next < events.length) {
      const event = events[next++]
      const answer = await main(JSON.parse(`${inputs},${event.slice(1)}`))
      if (answer.statusCode !== 200) failures.push(JSON.stringify(answer).slice(0, 500))
    }
  }
  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  await Promise.all(Array.from({ length: atOnce }, worker))
  const ms = performance.now() - started
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    ms,
    cpuMs: (user + system) / 1000,
    // The kernel's high-water mark of the process.
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    failed: failures.length,
    failures: failures.slice(0, 3),
  }
}
