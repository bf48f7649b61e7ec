import { createServer } from 'node:http'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Dashboard } from '../../cli/dashboard/server'
import { systemClock } from '../../src/core/clock'
import { createLetterRoom } from '../../src/delivery/letter-room'
import { createRecordWriter } from '../../src/delivery/record-writer'
import { createRunReports } from '../../src/delivery/run-reports'
import { missingChromium, startChromium } from '../support/chromium'
import { createCommands, environmentOf } from '../support/commands'
import { png, startTestDashboard } from '../support/dashboard'
import { describeWhere } from '../support/describe-where'
import { type Receiver, startReceiver } from '../support/receiver'

const bundle = join(__dirname, '..', 'sandbox', 'fixtures', 'enricher.cjs')
const markup = '<img src=nowhere onerror="window.hacked=true"><script>window.hacked=true</script>'
const hostile = `/content/dam/shop/${markup.replaceAll('/', '')}\u202egnp.exe`
/** `SCREENSHOTS=<folder>` keeps what the page looks like. */
const folder = process.env.SCREENSHOTS

describeWhere('the dashboard in Chromium', missingChromium, () => {
  let receiver: Receiver
  let dashboard: Dashboard
  let browser: Browser
  let page: Page
  let wrong: string[]
  let [letters, pieces] = [0, 0]
  const { signal } = new AbortController()
  const commands = createCommands(() => receiver.sandbox.operatorEnv())

  beforeAll(async () => {
    receiver = await startReceiver({ actions: { generic: { bundle }, 'export-asset': { bundle } } })
    dashboard = await startTestDashboard(receiver)
    browser = await startChromium()
    await writeReports()
  })
  afterAll(async () => {
    await browser.close()
    await dashboard.close()
    await receiver.close()
  })
  beforeEach(async () => {
    wrong = []
    page = await open()
  })
  afterEach(async () => {
    await page.context().close()
    await commands(['dead-letters', 'drop', '--all', '--yes'])
    expect(wrong).toEqual([])
  })

  /** A page that notes whatever goes wrong on it. */
  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options })
    const opened = await context.newPage()
    opened.setDefaultTimeout(15_000)
    opened.on('pageerror', (error) => wrong.push(String(error)))
    opened.on('dialog', (dialog) => wrong.push(dialog.message()))
    opened.on('console', (message) => {
      const isPicture = message.location().url.includes('/picture?')
      if (message.type() === 'error' && !isPicture) wrong.push(message.text())
    })
    return opened
  }

  const shot = async (name: string): Promise<void> => {
    if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  }

  function records() {
    const { store, redactor, call } = environmentOf(receiver.sandbox.operatorEnv())
    return { store, redactor, call: call(), clock: systemClock, room: createLetterRoom() }
  }

  async function writeReports(): Promise<void> {
    const { store, redactor } = records()
    const reports = createRunReports(store, { redactor })
    for (let n = 0; n < 12; n++) {
      const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
      const counts = { done: n * 30, skipped: 20, parked: n % 4, deadLettered: n % 3, failed: 0 }
      const times = { startedAt: at(10 * n + 10), endedAt: at(10 * n + 8) }
      const report = { ...times, outcome: 'done', counts, notes: { lag: 60 * n } } as const
      await reports.write('export-batch', report, signal)
    }
    const [startedAt, endedAt] = ['2030-01-01T00:00:00.000Z', '2030-01-01T00:01:00.000Z']
    const error = { code: 'PIM_UNAVAILABLE', message: `the PIM said ${markup}` }
    await reports.write('reconcile', { startedAt, endedAt, outcome: 'failed', counts: {}, error }, signal)
  }

  /** A dead letter for an asset at a path, whose message is a stranger's. */
  async function addLetter(path: string): Promise<string> {
    const { store, call, ...parts } = records()
    const id = (++letters).toString(16).padStart(32, '0')
    const work = {
      action: 'generic',
      event: {
        type: 'aem.assets.asset.processing_completed',
        id,
        source: 'test',
        data: { repositoryMetadata: { 'repo:path': path } },
      },
    }
    const error = { code: 'ASSET_NOT_FOUND', message: `AEM said ${markup}\u0007\u001b[31m` }
    const record = { ...work, id, path, at: new Date().toISOString(), error, count: 1, tries: 2 }
    await createRecordWriter(store, parts).deadLetter(record, { call })
    return id
  }

  /** Work for the folder, which can be done. */
  async function addPending(path: string): Promise<void> {
    const { store, ...parts } = records()
    const asset = receiver.sandbox.aem.addAsset({ path, assetMetadata: { exportDestination: 'folder' } })
    const piece = {
      id: (++pieces).toString(16).padStart(32, 'f'),
      action: 'export-asset',
      event: receiver.sandbox.aem.publicationEvent('published', asset),
      destination: 'folder',
      path,
      attempts: 1,
      since: new Date(Date.now() - 7_300_000).toISOString(),
      nextTry: new Date(Date.now() + 600_000).toISOString(),
      history: [{ at: new Date().toISOString(), code: 'FOLDER_FAILED', message: 'the disk hiccupped' }],
    }
    await createRecordWriter(store, parts).pending(piece, signal)
  }

  const ready = async (): Promise<void> => {
    await page.goto(dashboard.url)
    await page.getByText('Up to date at').waitFor()
  }

  test('shows health, runs, records, destinations and registrations; nothing of strangers becomes markup', async () => {
    await addLetter(hostile)
    await addPending('/content/dam/shop/parked.png')
    await ready()
    await page.getByRole('heading', { name: /aem/ }).first().waitFor()
    await page.locator('#health-view article').first().waitFor()
    await page.locator('#events-view table').first().waitFor()

    const text = await page.locator('body').textContent()
    // It has the name as it is, with what turns the direction of writing written out.
    expect(text).toContain(hostile.replace('\u202e', '\\u202e'))
    expect(text).toContain(`${markup}\\u0007\\u001b[31m`)
    expect(text).toContain('FOLDER_FAILED the disk hiccupped')
    expect(text).toContain('asset-bridge/generic')
    expect(await page.locator('figure svg rect').count()).toBeGreaterThan(30)
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    await shot('light')
  })

  test('markup from text is impossible: the policy forbids it', async () => {
    await ready()
    const made = await page.evaluate(
      `try { document.getElementById('tiles').innerHTML = '<b>x</b>'; 'made' } catch (error) { error.name }`,
    )
    expect(made).toBe('TypeError')
    wrong = wrong.filter((text) => !text.includes('TrustedHTML'))
  })

  test('Drop asks first, by keyboard too: Escape is no, and yes forgets the letter', async () => {
    const id = await addLetter('/content/dam/shop/dropped.png')
    await ready()
    const drop = page.getByRole('button', { name: 'Drop /content/dam/shop/dropped.png' })
    await drop.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    expect(await page.getByRole('dialog').textContent()).toContain('This cannot be undone')
    // A hasty Enter is no.
    expect(await page.locator(':focus').textContent()).toBe('Cancel')
    await shot('question')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    expect((await commands(['dead-letters', 'show', id])).code).toBe(0)

    await drop.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Drop' }).click()
    await page.getByText('Drop: 1 of 1 done').waitFor()
    await drop.waitFor({ state: 'detached' })
    expect((await commands(['dead-letters', 'show', id])).code).toBe(1)
  })

  test('Replay and Run do it at once, and what is done is gone from the list', async () => {
    const { aem } = receiver.sandbox
    const asset = aem.addAsset({ path: '/content/dam/shop/gone.png' })
    const fault = { kind: 'status', status: 404 } as const
    aem.faults.add({ path: `/adobe/assets/${asset.id}`, times: 1, fault })
    await receiver.invoke(aem.processingCompletedEvent(asset))
    await addPending('/content/dam/shop/run.png')
    await ready()
    await page.getByRole('button', { name: 'Replay /content/dam/shop/gone.png' }).click()
    await page.getByText('Replay: 1 of 1 done').waitFor()
    await page.getByRole('button', { name: 'Run /content/dam/shop/run.png' }).click()
    await page.getByText('Run: 1 of 1 done').waitFor()
    await page.getByText('There is no dead letter.').waitFor()
    expect((await commands(['pending', 'list'])).stdout).not.toContain('run.png')
  })

  test('several at once: those that match a search, after a question', async () => {
    for (const name of ['a', 'b', 'c']) await addLetter(`/content/dam/other/${name}.png`)
    await addLetter('/content/dam/shop/kept.png')
    await ready()
    await page.locator('#dead-letters-view').getByRole('searchbox').fill('/other/')
    await page.getByRole('button', { name: 'Drop all 3 shown' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Drop' }).click()
    await page.getByText('Drop: 3 of 3 done').waitFor()
    await page.locator('#dead-letters-view').getByRole('searchbox').fill('')
    await page.locator('#dead-letters-view').getByText('1 in all').waitFor()
    await page.getByRole('button', { name: 'Drop /content/dam/shop/kept.png' }).waitFor()
  })

  test('an asset with its picture, by its link; one without a picture says so', async () => {
    const path = "/content/dam/shop/a&b 'c' \u202egnp.png"
    receiver.sandbox.aem.addAsset({
      path,
      content: { bytes: png },
      assetMetadata: { exportDestination: 'folder', 'dc:title': markup },
    })
    receiver.sandbox.aem.addAsset({ path: '/content/dam/shop/film.mp4' })
    await addLetter(path)
    await ready()
    await page.locator('#dead-letters-view a').click()
    await page.locator('#asset-view h3').waitFor()
    expect(await page.locator('#asset-view h3').textContent()).toBe(path.replace('\u202e', '\\u202e'))
    await page.waitForFunction(`document.querySelector('img.picture')?.naturalWidth === 240`)
    expect(await page.locator('#asset-view').textContent()).toMatch(
      /not in step[\s\S]*wknd-skuid[\s\S]*folder/,
    )
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    await shot('asset')

    await page.getByLabel('Path or id').fill('/content/dam/shop/film.mp4')
    await page.keyboard.press('Enter')
    await page.getByText('No picture that can be shown').waitFor()
    // The token stays where it is: no picture comes from AEM itself.
    expect(new URL(page.url()).hash).toBe(`#asset=${encodeURIComponent('/content/dam/shop/film.mp4')}`)
  })

  test('is live while somebody looks, keeps the focus, and says when it has ended', async () => {
    const other = await startTestDashboard(receiver)
    await page.clock.install()
    await addLetter('/content/dam/shop/first.png')
    await page.goto(other.url)
    await page.getByText('Up to date at').waitFor()
    await page.getByRole('button', { name: 'Replay /content/dam/shop/first.png' }).focus()
    await addLetter('/content/dam/shop/second.png')
    await page.clock.runFor(11_000)
    await page.getByRole('button', { name: 'Replay /content/dam/shop/second.png' }).waitFor()
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Replay /content/dam/shop/first.png')

    await other.close()
    await page.clock.runFor(11_000)
    await page.getByText('NO_ANSWER: the dashboard does not answer').waitFor()
    wrong = wrong.filter((text) => !text.includes('ERR_CONNECTION_REFUSED'))
  })

  test.each([
    { name: 'phone', options: { viewport: { width: 360, height: 740 }, hasTouch: true } },
    { name: 'phone-dark', options: { viewport: { width: 360, height: 740 }, colorScheme: 'dark' } },
    { name: 'dark', options: { colorScheme: 'dark' } },
  ] as const)('$name: nothing is cut off, and every text can be read', async ({ name, options }) => {
    await addLetter(hostile)
    await addLetter(`/content/dam/${'very-long-name-without-any-space'.repeat(8)}.png`)
    await page.context().close()
    page = await open(options)
    await ready()
    await page.locator('#health-view article').first().waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
    expect(await page.evaluate(faintest)).toBeGreaterThanOrEqual(4.5)
    await shot(name)
  })

  test('a page of another origin reads nothing and changes nothing, even if it knows the address', async () => {
    const id = await addLetter('/content/dam/shop/safe.png')
    const evil = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<h1>evil</h1>'),
    )
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
    const address = evil.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const tell = (call: string) => page.evaluate(`${call}.then(() => 'done', () => 'refused')`)
    try {
      for (const name of ['127.0.0.1', 'localhost']) {
        await page.goto(`http://${name}:${port}/`)
        expect(await tell(`fetch('${dashboard.url}data/overview')`)).toBe('refused')
        const body = `method: 'POST', body: '{"ids":["${id}"]}'`
        const drop = `${dashboard.url}do/dead-letters/drop`
        expect(
          await tell(`fetch('${drop}', { ${body}, headers: { 'content-type': 'application/json' } })`),
        ).toBe('refused')
        await tell(`fetch('${drop}', { ${body}, mode: 'no-cors' })`)
      }
    } finally {
      evil.closeAllConnections()
      evil.close()
    }
    expect((await commands(['dead-letters', 'show', id])).code).toBe(0)
    // The browser says that it kept the page from it.
    wrong = wrong.filter((text) => !/CORS|Failed to load resource|ERR_FAILED/.test(text))
  })
})

/** The least contrast of a text to what is behind it (WCAG 2, 1.4.3). */
const faintest = `(() => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((it) => it / 255)
    .map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
    .reduce((sum, it, n) => sum + it * [0.2126, 0.7152, 0.0722][n], 0)
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor)
      if (color.length === 3 || color[3] === 1) return color
    }
    return [255, 255, 255]
  }
  const ratios = [...document.querySelectorAll('body *')]
    .filter((it) => it.checkVisibility() && [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((it) => !it.closest('svg') && !it.matches(':disabled'))
    .map((it) => {
      const [a, b] = [light(parse(getComputedStyle(it).color)), light(behind(it))].sort((x, y) => y - x)
      return (a + 0.05) / (b + 0.05)
    })
  return Math.min(...ratios)
})()`
