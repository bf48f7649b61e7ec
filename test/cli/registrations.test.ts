import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox'
import { createBridge } from '../support/bridge'

const bundle = join(__dirname, '..', 'sandbox', 'fixtures', 'enricher.cjs')

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({
    actions: { generic: { bundle }, 'export-asset': { bundle }, 'export-batch': { bundle } },
  })
})
afterAll(() => sandbox.close())

const bridge = createBridge(() => ({ sandbox }))

describe('npm run bridge -- registrations list', () => {
  test('works on the sandbox: the actions that take events, with the journal to set', async () => {
    const { code, stdout, stderr } = await bridge(['registrations', 'list'])

    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe(
      ['generic', 'export-asset']
        .map(
          (action) =>
            `Events for ${action}  asset-bridge/${action}  VERIFIED\n    JOURNAL_URL=${sandbox.journal.journalUrl}\n`,
        )
        .join(''),
    )
  })

  test('takes the credential as aio app use writes it', async () => {
    const inputs = sandbox.inputs()
    const { code, stdout, stderr } = await bridge(['registrations', 'list'], {
      ADC_CECREDENTIALS_CLIENTID: '',
      ADC_CECREDENTIALS_CLIENTSECRET: '',
      ADC_CECREDENTIALS_METASCOPES: '',
      ADC_CECREDENTIALS_ORGID: '',
      IMS_OAUTH_S2S_CLIENT_ID: inputs.ADC_CECREDENTIALS_CLIENTID ?? '',
      IMS_OAUTH_S2S_CLIENT_SECRET: inputs.ADC_CECREDENTIALS_CLIENTSECRET ?? '',
      IMS_OAUTH_S2S_SCOPES: JSON.stringify(inputs.ADC_CECREDENTIALS_METASCOPES?.split(',')),
      IMS_OAUTH_S2S_ORG_ID: inputs.ADC_CECREDENTIALS_ORGID ?? '',
    })

    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('Events for generic')
  })

  test('says what to check when the workspace is another one', async () => {
    const { code, stderr } = await bridge(['registrations', 'list'], { AIO_project_workspace_id: '1' })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^IO_EVENTS_REFUSED: .*\(404\)/)
  })

  test('refuses an API that is not on https', async () => {
    const { code, stderr } = await bridge(['registrations', 'list'], {
      IO_EVENTS_URL: 'http://api.example.com',
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/INPUT_INVALID: IO_EVENTS_URL .*https/)
  })
})
