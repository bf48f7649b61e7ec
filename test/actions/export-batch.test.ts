import { main } from '../../actions/export-batch/index'
import { logLines } from '../support/log-lines'
import { errorOf, type Receiver, startReceiver } from '../support/receiver'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver({}, main)
})
afterAll(() => receiver.close())

const run = (inputs: Record<string, string>) =>
  receiver.invoke({}, { leftMs: 600_000, inputs: { LOG_LEVEL: 'info', ...inputs } })

describe('export-batch without a journal', () => {
  test('answers 503, names the input, and says how to set it up or to turn the alarm off', async () => {
    const { statusCode, body } = errorOf(await run({ JOURNAL_URL: '' }))

    expect([statusCode, body.code]).toEqual([503, 'INPUT_INVALID'])
    expect(body.message).toMatch(/^JOURNAL_URL is not set: set it to the journaling endpoint/)
    expect(body.message).toContain("'export-batch': 'off' under alarms in config/deployment.ts")
  })

  test('logs one line, at info, and leaves nothing in State', async () => {
    const lines = logLines()
    const before = receiver.sandbox.state.keys()

    await run({ JOURNAL_URL: '' })

    expect(await lines()).toEqual([expect.stringMatching(/ info: not set up .*JOURNAL_URL/)])
    expect(receiver.sandbox.state.keys()).toEqual(before)
  })

  test('names what else is not set, too', async () => {
    const { body } = errorOf(await run({ JOURNAL_URL: '', ADC_CECREDENTIALS_ORGID: '' }))
    expect(body.message).toMatch(/ADC_CECREDENTIALS_ORGID is not set.*JOURNAL_URL is not set/)
  })
})

test('export-batch with a journal and a wrong input logs an error', async () => {
  const lines = logLines()

  const { body } = errorOf(await run({ EXPORT_WORKERS: '0' }))

  expect(body.code).toBe('INPUT_INVALID')
  expect(await lines()).toEqual([expect.stringMatching(/ error: the action failed .*EXPORT_WORKERS/)])
})
