import { printed, printedFailure } from '../../cli/output'
import { createStderrLogger } from '../../cli/stderr-logger'
import { createRedactor } from '../../src/core/redaction'
import { createBridge } from '../support/bridge'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

const hostile = '\u001b[2J\u009b31m all done\n0123  a line of its own\r\u202e\u2028'
const steering = /[\p{Cc}\u2028\u2029\u202a-\u202e]/u

describe('what is printed', () => {
  it('has the lines that the command has, and nothing that steers', () => {
    const text = printed({ lines: [`a ${hostile}`, 'b'], data: null }, false)

    expect(text.split('\n')).toHaveLength(3)
    expect(text.replaceAll('\n', '')).not.toMatch(steering)
    expect(text).toContain('\\u001b[2J')
  })

  it('is JSON that reads as the same data', () => {
    const data = { message: hostile, [hostile]: [hostile] }
    const text = printed({ lines: [], data }, true)

    expect(JSON.parse(text)).toEqual(data)
    expect(text.replaceAll('\n', '')).not.toMatch(steering)
  })

  it('is one line when it is a message, or logged', () => {
    const written: string[] = []
    const spy = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.push(String(text))
      return true
    })
    createStderrLogger(createRedactor(['known-secret'])).warn(hostile, { hostile, secret: 'known-secret' })
    spy.mockRestore()

    for (const line of [printedFailure({ code: 'X', message: hostile, isBare: false }, false), ...written]) {
      expect(line.endsWith('\n')).toBe(true)
      expect(line.slice(0, -1)).not.toMatch(steering)
      expect(line).not.toContain('known-secret')
    }
    expect(written).toHaveLength(1)
  })
})

describe('the command line', () => {
  let receiver: Receiver
  const bridge = createBridge(() => receiver)
  const commands = createCommands(() => receiver.sandbox.operatorEnv())
  beforeAll(async () => {
    receiver = await startReceiver()
  })
  afterAll(() => receiver.close())

  test('shows the path of an event without obeying it', async () => {
    const path = `/content/dam/shop/${hostile}.png`
    await receiver.invoke({
      type: 'aem.assets.asset.processing_completed',
      id: 'hostile',
      data: { repositoryMetadata: { 'repo:path': path } },
    })
    const list = await commands(['dead-letters', 'list'])

    expect(list.stdout).toContain('ASSET_PATH_INVALID')
    expect(list.stdout.replaceAll('\n', '')).not.toMatch(steering)
    expect(list.stdout.trim().split('\n')).toHaveLength(3)
    const [letter] = JSON.parse((await commands(['dead-letters', 'list', '--json'])).stdout)
    const show = await commands(['dead-letters', 'show', letter.id])
    expect(show.stdout.replaceAll('\n', '')).not.toMatch(steering)
  })

  test('keeps stdout for the result, whatever is logged', async () => {
    const { code, stdout, stderr } = await bridge(['runs', 'list', '--json'], { LOG_LEVEL: 'debug' })

    expect([code, JSON.parse(stdout)]).toEqual([0, []])
    expect(stderr).toContain('debug')
  }, 60_000)
})
