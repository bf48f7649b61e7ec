import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../scripts/command'
import { readDeployments, warningsFor, withDeployment } from '../../scripts/workspace/check'

const stage = {
  id: '4566',
  name: 'bridge',
  org: { id: '23294', name: 'Acme', ims_org_id: 'A1@AdobeOrg' },
  workspace: {
    name: 'Stage',
    action_url: 'https://23294-bridge-stage.adobeioruntime.net',
    details: { credentials: [{ id: '54108', integration_type: 'oauth_server_to_server' }] },
  },
}
const journal = (organisation: string, credential: string) =>
  `https://events-va6.adobe.io/events/organizations/${organisation}/integrations/${credential}/r-1`
const right = {
  AIO_runtime_namespace: '23294-bridge-stage',
  AEM_AUTHOR_URLS: 'https://author-p1-e1.adobeaemcloud.com',
  JOURNAL_URL: journal('23294', '54108'),
  IMS_OAUTH_S2S_CLIENT_ID: 'client-1',
  ADC_CECREDENTIALS_CLIENTID: 'client-1',
  ADC_CECREDENTIALS_ORGID: 'A1@AdobeOrg',
}
const warnings = (more: Record<string, string>, before = {}, project: unknown = stage) =>
  warningsFor({ env: { ...right, ...more }, project }, before)

test('what belongs together is not warned of', () => {
  expect(warnings({})).toEqual([])
  expect(warnings({}, { '23294-bridge-stage': { authors: [right.AEM_AUTHOR_URLS], journals: [] } })).toEqual(
    [],
  )
})

test.each([[undefined], [null], ['text'], [{ org: 1, workspace: [] }], [{ workspace: { details: 'x' } }]])(
  'without .aio nothing is known: %j',
  (project) => {
    expect(warnings({}, {}, project)).toEqual([])
    expect(warningsFor({ env: {}, project }, {})).toEqual([])
  },
)

test.each<[string, Record<string, string>, RegExp]>([
  [
    'a journal of another organisation',
    { JOURNAL_URL: journal('1', '54108') },
    /^JOURNAL_URL .* organisation 1, .* organisation 23294\.$/,
  ],
  [
    'a journal of another workspace, among several',
    { JOURNAL_URL: `${right.JOURNAL_URL}, ${journal('23294', '7')}` },
    /^JOURNAL_URL .* credential 7, which is none of the workspace bridge Stage in \.aio \(54108\)/,
  ],
  [
    'the credential of another workspace',
    { ADC_CECREDENTIALS_CLIENTID: 'client-2' },
    /^ADC_CECREDENTIALS_CLIENTID is another credential/,
  ],
  [
    'another organisation',
    { ADC_CECREDENTIALS_ORGID: 'B2@AdobeOrg' },
    /^ADC_CECREDENTIALS_ORGID is B2@AdobeOrg, .* 23294 \(A1@AdobeOrg\)\.$/,
  ],
  [
    'the namespace of another workspace',
    { AIO_runtime_namespace: '23294-bridge' },
    /^The namespace of \.env is 23294-bridge, but the workspace bridge Stage in \.aio has 23294-bridge-stage\.$/,
  ],
])('%s is warned of', (_, more, message) => {
  expect(warnings(more)).toEqual([expect.stringMatching(message)])
})

test('the author and the journal of the workspace before are warned of, once another one is deployed to', () => {
  const production = { ...right, AIO_runtime_namespace: '23294-bridge' }
  const before = withDeployment({}, { env: production, project: undefined })

  expect(warnings({ AEM_AUTHOR_URLS: `${right.AEM_AUTHOR_URLS}/` }, before)).toEqual([
    expect.stringMatching(
      /^AEM_AUTHOR_URLS and JOURNAL_URL: .* 23294-bridge had the same.*23294-bridge-stage/,
    ),
  ])
  const changed = { AEM_AUTHOR_URLS: 'https://author-p1-e2.adobeaemcloud.com' }
  expect(warnings(changed, before)).toEqual([expect.stringMatching(/^JOURNAL_URL: /)])
})

test('the notes of a deployment are read as they were written, and nothing else is', () => {
  const notes = withDeployment({}, { env: right, project: undefined })
  expect(readDeployments(JSON.parse(JSON.stringify(notes)))).toEqual(notes)
  expect(withDeployment({}, { env: {}, project: undefined })).toEqual({})
  for (const broken of [undefined, [], 'text', { ns: 1 }, { ns: { authors: 'x', journals: [1] } }]) {
    expect(warnings({}, readDeployments(broken))).toEqual([])
  }
})

test.each(['a$$b', 'a$&b', 'a$`b', "a$'b"])(
  'a value that a deployment changes is named, and not told: %s',
  (value) => {
    const [warning, ...more] = warnings({ SFTP_PASSWORD: value, HTTPS_SECRET: value, NOT_AN_INPUT: value })
    expect(more).toEqual([])
    expect(warning).toContain('HTTPS_SECRET, SFTP_PASSWORD.')
    expect(warning).not.toContain(value)
    expect(warning).not.toContain('NOT_AN_INPUT')
  },
)

test.each(['a$b', '$', '$HOME', 'a$1', 'price: 5$'])(
  'a value that stays as it is is not named: %s',
  (value) => {
    expect(warnings({ SFTP_PASSWORD: value })).toEqual([])
  },
)

test.each(['check-workspace', 'remember-workspace'])(
  'the hook %s never fails, whatever it gets',
  async (hook) => {
    const folder = await mkdtemp(join(tmpdir(), 'hook-'))
    // A file is in the way of the notes.
    await writeFile(join(folder, 'dist'), '')
    const script = `require(${JSON.stringify(join(root, 'scripts/hooks', hook))})(undefined)`

    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: folder })

    expect(stdout).toBe('')
    await rm(folder, { recursive: true })
  },
)
