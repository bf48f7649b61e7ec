import { type Loader, runTypeScript } from '../support/run-typescript'

const run = async (script: string, args: readonly string[], loader: Loader = 'quick') => {
  const { code, stdout, stderr } = await runTypeScript(script, args, { loader })
  return { code, output: stdout + stderr }
}

describe('npm run sandbox -- --burst', () => {
  const sandbox = (...args: string[]) => run('sandbox/run.ts', args)

  test('shows how the batch drains a burst, and ends well', async () => {
    const { code, output } = await sandbox('--burst', '40')

    expect(output).toContain('All as expected.')
    expect(code).toBe(0)
    expect(output).toContain('40 assets of 40 assets')
    expect(output).toMatch(/done +\| 40/)
    expect(output).toContain('Nothing is left to do')
  })

  test('takes a number only', async () => {
    const { code, output } = await sandbox('--burst', 'many')

    expect(output).toContain('--burst many is not possible')
    expect(code).toBe(1)
  })

  test('takes no configuration of the user', async () => {
    const { code, output } = await sandbox('--burst', '40', '--config', 'config')

    expect(output).toContain('it takes no --env and no --config')
    expect(code).toBe(1)
  })
})

describe('npm run sandbox', () => {
  test.each([
    [['--config', 'elsewhere'], '--config elsewhere is not possible: it must be config or sample-config'],
    [['--env', 'no such file'], '--env no such file cannot be read'],
    [['--nothing'], 'Usage: npm run sandbox'],
  ])('says what to do about %j, before it builds', async (args, message) => {
    const { code, output } = await run('sandbox/run.ts', args)

    expect(output).toContain(message)
    expect(output).not.toContain('Building')
    expect(code).toBe(1)
  })
})

describe('npm start', () => {
  test('shows the main jobs on the built actions, with plain lines where there is no terminal, and ends well', async () => {
    const { code, output } = await run('sandbox/start.ts', [], 'tsx')

    expect(output).toContain('All as expected.')
    expect(code).toBe(0)
    expect(output).toMatch(/wknd-skuid +\| \(none\) +\| MockSKU 123/)
    expect(output).toMatch(/wknd-name +\| Desk lamp +\| Desk lamp, dimmable/)
    expect(output).toContain('It is refused with 401, and nothing is started.')
    expect(output).toMatch(/Photographer \| \(none\) +\| A\. Adams +\| D\. Arbus/)
    expect(output).toMatch(/garden \(panorama\)\.tif +\| 67108864 +\| [0-9a-f]{12}… as in AEM/)
    expect(output).toMatch(/garden film\.mp4 +\| 209715200 +\| [0-9a-f]{12}… as in AEM/)
    expect(output).toContain('64 MiB of 64 MiB')
    expect(output).toContain('Nothing was copied')
    expect([output.includes('\u001b'), output.includes('\r')]).toEqual([false, false])
  })

  test('takes no arguments, and says so', async () => {
    const { code, output } = await run('sandbox/start.ts', ['--fast'])

    expect(output).toContain('Usage: npm start')
    expect(code).toBe(1)
  })
})
