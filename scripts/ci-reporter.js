const { writeFileSync } = require('node:fs')
const { relative } = require('node:path')

const time = () => new Date().toISOString().slice(11, 19)

/** Jest reporter for logs: one line a test file, what failed in full, and the counts in the file CI_SUMMARY names. */
class CiReporter {
  onTestResult(test, result) {
    const { numPassingTests, numFailingTests, perfStats, failureMessage } = result
    const failed = numFailingTests > 0 || failureMessage
    const file = relative(process.cwd(), test.path)
    const seconds = ((perfStats.end - perfStats.start) / 1000).toFixed(1)
    const counts = `${numPassingTests} passed, ${numFailingTests} failed, ${seconds} s`
    console.log(`${time()} ${failed ? 'FAIL' : 'ok  '} ${file} (${counts})`)
    if (failureMessage) console.log(failureMessage)
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
