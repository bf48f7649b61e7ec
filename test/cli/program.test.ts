import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bin, version } from '../../package.json'
import { root } from '../../scripts/command'
import { createBridge } from '../support/bridge'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

const execute = promisify(execFile)

/** Every command, with arguments that it takes. */
const commandLines = [
  ['asset', '/content/dam/none.png'],
  ['enrich', '/content/dam/none.png', '--dry-run'],
  ['export', '/content/dam/none.png', '--dry-run'],
  ['backfill', 'enrich', '--dry-run'],
  ['backfill', 'export', '--dry-run'],
  ['backfill', 'both', '--dry-run'],
  ['backfill', 'status'],
  ['backfill', 'pause'],
  ['backfill', 'cancel'],
  ['backfill', 'resume'],
  ['plan', 'enrich', '--folder', '/content/dam/none', '--out', '/nowhere/plan.jsonl'],
  ['plan', 'export', '--folder', '/content/dam/none', '--out', '/nowhere/plan.jsonl'],
  ['apply', '/nowhere/plan.jsonl'],
  ['undo', '/nowhere/plan.jsonl.report.jsonl'],
  ['verify', 'folder'],
  ['dashboard'],
  ['doctor'],
  ['dead-letters', 'list'],
  ['dead-letters', 'show', '0'.repeat(32)],
  ['dead-letters', 'replay', '--all'],
  ['dead-letters', 'drop', '--all', '--yes'],
  ['pending', 'list'],
  ['pending', 'run', '--all'],
  ['runs', 'list'],
  ['journal', 'peek'],
  ['journal', 'lag'],
  ['logs', '/content/dam/none.png'],
  ['lease', 'show'],
  ['lease', 'unlock', 'reconcile', '--yes'],
  ['registrations', 'list'],
  ['events', 'status'],
  ['events', 'enable', '--all'],
  ['alerts', 'list'],
  ['alerts', 'test'],
  ['akeneo', 'subscribe', '--url', 'https://example.com/hook'],
  ['akeneo', 'status'],
  ['akeneo', 'logs'],
  ['akeneo', 'suspend', '--yes'],
  ['akeneo', 'delete', '--yes'],
  ['deploy', '--env', 'stage', '--dry-run'],
  ['upgrade', '--in', '/nowhere', '--dry-run'],
  [
    'setup',
    '--env',
    'stage',
    '--aem',
    'http://127.0.0.1',
    '--pim',
    'mock',
    '--destination',
    'none',
    '--dry-run',
  ],
  ['setup', 'ci', '--dry-run'],
]

/** The names of the command, without its arguments. */

let receiver: Receiver
const bridge = createBridge(() => receiver)
const commands = createCommands(() => receiver.sandbox.operatorEnv())

beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

/** Those after which something is gone that no other command brings back. A command that is added belongs here, or does not. */
const destroying = ['akeneo delete', 'akeneo suspend', 'dead-letters drop', 'lease unlock']
/** Those that lose nothing, and ask since they may do much at once. */
const asking = ['dead-letters replay']

test.each(commandLines)('%s %s asks when it destroys, and then only', async (...line) => {
  const args = line.filter((word) => word !== '--yes')
  const name = commandOf(args).join(' ')
  const before = receiver.sandbox.state.requests.length
  const { code, stderr, asked } = await commands(args, {}, { answer: false })
  const isAsked = [...destroying, ...asking].includes(name)
  expect(asked).toHaveLength(isAsked ? 1 : 0)
  if (isAsked) {
    expect([code, stderr]).toEqual([1, 'nothing was done\n'])
    expect(receiver.sandbox.state.requests.length).toBe(before)
  }
  if (!destroying.includes(name)) return
  const alone = await commands(args)
  expect([alone.code, alone.stdout]).toEqual([2, ''])
  expect(alone.stderr).toContain('nobody can be asked here')
})

test('the list above is every command that help names', async () => {
  const groups = namesIn((await commands(['--help'])).stdout)
  const all = await Promise.all(
    groups.map(async (group) => {
      const names = namesIn((await commands([group, '--help'])).stdout)
      // It is a command itself.
      const own = names.length === 0 || group === 'setup' ? [group] : []
      return [...own, ...names.map((name) => `${group} ${name}`)]
    }),
  )

  expect(all.flat().sort()).toEqual(commandLines.map((line) => commandOf(line).join(' ')).sort())
})

describe.each(commandLines.map((line) => ({ line, name: commandOf(line).join(' ') })))(
  '$name',
  ({ line }) => {
    const command = commandOf(line)

    test('--json prints one JSON document on stdout, and nothing on stderr, whatever fails', async () => {
      for (const env of [undefined, { AIO_runtime_namespace: '', AIO_runtime_auth: '', AKENEO_URL: '' }]) {
        const { code, stdout, stderr } = await commands([...line, '--json'], env)

        // What setup cannot find out or ask for is wrong usage.
        expect(line[0] === 'setup' ? [0, 2] : [0, 1]).toContain(code)
        expect(() => JSON.parse(stdout)).not.toThrow()
        expect(stderr).toBe('')
      }
    })

    test('has a help of its own, which names the options that every command has', async () => {
      const { code, stdout } = await commands([...command, '--help'])

      expect(code).toBe(0)
      expect(stdout).toMatch(new RegExp(`^Usage: bridge ${command.join(' ')} `))
      expect(stdout).toContain('--json')
    })
  },
)

test.each([
  [['dead-letters', 'bury'], "unknown command 'bury'", 'dead-letters'],
  [['dead-letters', 'lst'], "unknown command 'lst' (Did you mean list?)", 'dead-letters'],
  [['ded-letters'], "unknown command 'ded-letters' (Did you mean dead-letters?)", ''],
  [['dead-letters', 'list', 'extra'], 'too many arguments', 'dead-letters list'],
  [['dead-letters', 'list', '--all'], "unknown option '--all'", 'dead-letters list'],
  [['dead-letters', 'show'], "missing required argument 'id'", 'dead-letters show'],
  [['dead-letters', 'replay', 'x'], 'x is no id: dead-letters list shows them', 'dead-letters replay'],
  [['asset'], "missing required argument 'path or id'", 'asset'],
  [['asset', 'lamp.png'], 'lamp.png is neither a path below /content/dam/ nor an id', 'asset'],
  [['enrich', 'lamp.png'], 'lamp.png is neither a path below', 'enrich'],
  [['dead-letters', 'list', '--older-than', 'soon'], 'soon is no duration', 'dead-letters list'],
  [['pending', 'run', '0'.repeat(32), '--code', 'X'], 'name one id or more, or --all', 'pending run'],
  [['dead-letters', 'drop'], 'name one id or more, or --all', 'dead-letters drop'],
  [['dead-letters', 'drop', '0'.repeat(32), '--all'], 'name one id or more, or --all', 'dead-letters drop'],
  [['runs', 'list', '--jsn'], "unknown option '--jsn' (Did you mean --json?)", 'runs list'],
  [['runs', 'list', '--dry-run'], "unknown option '--dry-run'", 'runs list'],
  [['akeneo', 'logs', '--hours', '0'], '--hours must be a number up to 720', 'akeneo logs'],
  [['akeneo', 'logs', '--query', 'x'], '--query must be name=value', 'akeneo logs'],
  [['pending', 'run'], 'name one id or more, or --all', 'pending run'],
  [['pending', 'run', 'x'], 'x is no id: pending list shows them', 'pending run'],
  [['akeneo', 'status', '--url', 'https://hook.example.com'], "unknown option '--url'", 'akeneo status'],
  [['akeneo', 'status', 'one'], 'too many arguments', 'akeneo status'],
  [['journal', 'peek', '--limit', '0'], '--limit must be a whole number from 1 to 1000', 'journal peek'],
  [['journal', 'peek', '--from', 'soon'], '--from "soon" must be oldest', 'journal peek'],
  [['lease', 'unlock', 'generic'], 'Allowed choices are export-batch, reconcile', 'lease unlock'],
  [['lease', 'unlock', 'reconcile'], 'nobody can be asked here', 'lease unlock'],
  [['events', 'enable'], 'name one id or more, or --all', 'events enable'],
  [
    ['backfill', 'enrich', '--folder', '/etc'],
    '/etc is not /content/dam or a folder below it',
    'backfill enrich',
  ],
  [['backfill', 'both', '--rate', '0'], '--rate must be a number above 0', 'backfill both'],
  [['backfill', 'enrich', '--workers', '2'], '--workers goes with --remote', 'backfill enrich'],
  [
    ['backfill', 'resume', '--remote', '--workers', '21'],
    '--workers must be a whole number',
    'backfill resume',
  ],
  [['backfill', 'export', '--since', 'soon'], 'soon is no date such as', 'backfill export'],
  [['backfill', 'enrich', '--type', 'png'], 'png is no media type such as', 'backfill enrich'],
  [['backfill', 'enrich', '--since', '2030-02-31'], '2030-02-31 is no date such as', 'backfill enrich'],
  [
    ['plan', 'enrich', '--out', 'x', '--folder', '/content/dam/../etc'],
    '/content/dam/../etc is not /content/dam or a folder below it',
    'plan enrich',
  ],
  [
    ['plan', 'export', '--out', 'x', '--folder', '/content/dam', '--type', 'png'],
    'png is no media type such as',
    'plan export',
  ],
  [
    ['verify', 's3', '--folder', '/content/dam//shop'],
    '/content/dam//shop is not /content/dam or a folder below it',
    'verify',
  ],
  [['dead-letters'], 'a command is missing', 'dead-letters'],
  [[], 'a command is missing', ''],
])(
  '%j is one line that says what is wrong and where help is, and exit code 2',
  async (args, message, command) => {
    const { code, stdout, stderr } = await commands(args)

    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^[^\n]+\n$/)
    expect(stderr).toContain(`see npx bridge${command === '' ? '' : ` ${command}`} --help`)
    const inJson = await commands([...args, '--json'])
    expect([inJson.code, inJson.stderr]).toEqual([2, ''])
    expect(JSON.parse(inJson.stdout)).toEqual({
      error: { code: 'USAGE', message: expect.stringContaining(message) },
    })
  },
)

test('--version is the one of package.json', async () => {
  expect(await commands(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
})

test('--env of a file that is not there says which', async () => {
  const { code, stdout, stderr } = await bridge(['runs', 'list', '--env', 'nowhere'])

  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('.env.nowhere')
}, 60_000)

test('the bin of the package runs it', async () => {
  const { stdout } = await execute(process.execPath, [join(root, bin.bridge), 'dead-letters', '--help'])

  expect(stdout).toMatch(/^Usage: bridge dead-letters /)
}, 60_000)

const namesIn = (help: string): string[] =>
  [...(help.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '').matchAll(/^ {2}([a-z-]+)/gm)].flatMap(
    ([, name = '']) => (name === 'help' ? [] : [name]),
  )

/** The words before the arguments: of `doctor` it is the first one. */
/** The words of a line that name the command. */
function commandOf(line: readonly string[]): readonly string[] {
  const [name] = line
  // Its argument is the name of a destination.
  return name === 'verify' || name === 'upgrade'
    ? [name]
    : line.slice(0, 2).filter((word) => !/^(\/|--)/.test(word))
}
