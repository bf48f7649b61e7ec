import { join } from 'node:path'
import { readOwnInputs } from '../../sandbox/own-inputs'
import { httpAnswer } from '../../sandbox/runtime/http-answer'
import { startSandbox } from '../../sandbox/sandbox'

const endings = join(__dirname, 'fixtures', 'endings.cjs')
const declared = [
  ...[
    'ADC_CECREDENTIALS_CLIENTID',
    'IMS_OAUTH_S2S_CLIENT_SECRET',
    'IMS_URL',
    'AEM_AUTHOR_URLS',
    'JOURNAL_URL',
  ],
  ...['AEM_CONCURRENCY', 'PIM_COMMUNICATOR', 'PIM_REST_URL', 'S3_BUCKET', 'SFTP_PRIVATE_KEY', 'LOG_LEVEL'],
]

describe('the .env of a user on the sandbox', () => {
  test('gives the PIM, the destinations and how the app works; what leads to Adobe stays the sandbox’s', () => {
    const text = [
      'AIO_runtime_auth=a:b',
      'ADC_CECREDENTIALS_CLIENTID=mine',
      'IMS_OAUTH_S2S_CLIENT_SECRET=hush',
      'AEM_AUTHOR_URLS=https://author-p1-e1.adobeaemcloud.com',
      'JOURNAL_URL=https://events-va6.adobe.io/events/organizations/1/integrations/2/3',
      '# LOG_LEVEL=debug',
      'AEM_CONCURRENCY=4',
      'PIM_COMMUNICATOR=rest',
      'PIM_REST_URL="https://pim.example.com/{identifier}"',
      'S3_BUCKET=',
      'SFTP_PRIVATE_KEY="one\\ntwo"',
      'MY_OWN=x',
    ].join('\n')
    expect(readOwnInputs(text, declared)).toEqual({
      taken: {
        AEM_CONCURRENCY: '4',
        PIM_COMMUNICATOR: 'rest',
        PIM_REST_URL: 'https://pim.example.com/{identifier}',
        SFTP_PRIVATE_KEY: 'one\ntwo',
      },
      kept: [
        ...['ADC_CECREDENTIALS_CLIENTID', 'IMS_OAUTH_S2S_CLIENT_SECRET', 'AEM_AUTHOR_URLS', 'JOURNAL_URL'],
      ],
    })
  })

  test('reaches every action, in place of the PIM of the sandbox, and no shell', async () => {
    const ownInputs = { PIM_COMMUNICATOR: 'rest', PIM_REST_URL: 'https://pim.example.com', S3_BUCKET: 'mine' }
    const action = { bundle: endings, inputs: { how: 'params' } }
    const sandbox = await startSandbox({ actions: { generic: action, 'pim-sync': action }, ownInputs })
    try {
      for (const name of ['generic', 'pim-sync']) {
        const { body } = httpAnswer(await sandbox.runtime.invoke(name))
        expect(body).toMatchObject({ ...ownInputs, AEM_AUTHOR_URLS: sandbox.aem.url })
        expect(body).not.toHaveProperty('AKENEO_PASSWORD')
      }
      const shell = Object.keys(sandbox.operatorEnv())
      expect(shell).toEqual(expect.arrayContaining(['AEM_AUTHOR_URLS', 'AIO_runtime_auth']))
      expect(shell.filter((name) => /^(PIM|AKENEO|S3)_/.test(name))).toEqual([])
    } finally {
      await sandbox.close()
    }
  })
})
