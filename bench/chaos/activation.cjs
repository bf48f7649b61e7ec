'use strict'
/*
 * One activation of a built action in a process of its own, for killing. Its clock is the one of the stand-ins: it
 * begins where theirs is, and runs as fast.
 *
 * argv[2]: { bundle, params, clock: { begin, rate, offset } }; the answer goes to file descriptor 3.
 */
const { writeSync } = require('node:fs')

const { bundle, params, clock } = JSON.parse(process.argv[2])
const RealDate = Date
const now = () => Math.round(clock.begin + (RealDate.now() - clock.begin) * clock.rate + clock.offset)

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(now())
    else super(...given)
  }
  static now() {
    return now()
  }
}
process.env.__OW_DEADLINE = String(now() + 10_800_000)

// Nobody is left to kill it, or to hear its answer.
const parent = process.ppid
setInterval(() => process.ppid === parent || process.exit(1), 1000).unref()

require(bundle)
  .main(params)
  .then((answer) => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
    const usage = { maxRssMb: maxRSS / 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000 }
    writeSync(3, JSON.stringify({ answer, usage }))
    process.exit(0)
  })
