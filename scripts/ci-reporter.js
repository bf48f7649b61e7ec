const { appendFileSync, writeFileSync } = require('node:fs')
const { relative } = require('node:path')

const time = () => new Date().toISOString().slice(11, 19)

/**
 * Jest reporter for logs: one line a test file, what failed in full, the counts in the file CI_SUMMARY names, and what
 * failed once more in the one CI_FAILURES names.
 */
class CiReporter {
  onTestResult(test, result) {
    const { numPassingTests, numFailingTests, perfStats, failureMessage } = result
    const failed = numFailingTests > 0 || failureMessage
    const file = relative(process.cwd(), test.path)
    const seconds = ((perfStats.end - perfStats.start) / 1000).toFixed(1)
    const counts = `${numPassingTests} passed, ${numFailingTests} failed, ${seconds} s`
    console.log(`${time()} ${failed ? 'FAIL' : 'ok  '} ${file} (${counts})`)
    if (failureMessage) console.log(failureMessage)
    if (failureMessage && process.env.CI_FAILURES) {
      appendFileSync(process.env.CI_FAILURES, `${file}\n${failureMessage.slice(0, 5_000)}\n`)
    }
  }

  onRunComplete(_contexts, results) {
    // A test file that does not even load has no failing test in it, and must not pass unseen.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    if (process.env.CI_SUMMARY) {
      writeFileSync(process.env.CI_SUMMARY, `${results.numPassedTests} ${failed}\n`)
    }
  }
}

module.exports = CiReporter
