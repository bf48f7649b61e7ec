import { openEnvironment } from '../../cli/environment'

const own = { ...process.env }
const ofPipeline = {
  CI: 'true',
  AIO_runtime_namespace: '12345-bridge-stage',
  AIO_runtime_auth: 'id:key',
  AEM_AUTHOR_URLS: 'https://author-p1-e1.adobeaemcloud.com',
}
afterEach(() => {
  process.env = { ...own }
})

const open = (settings: Record<string, string>, name = 'nowhere') => {
  process.env = { ...own, CI: '', ...settings }
  return openEnvironment(name)
}

test.each(['../elsewhere', '', 'a/b', '-x', 'a b'])('%j is no name of an environment', async (name) => {
  await expect(open(ofPipeline, name)).rejects.toThrow('is no name of an environment')
})

test('a pipeline needs no .env.<name>: it sets what would stand there', async () => {
  expect(await open(ofPipeline)).toMatchObject({
    namespace: '12345-bridge-stage',
    runtimeKey: 'id:key',
    inputs: { AEM_AUTHOR_URLS: ofPipeline.AEM_AUTHOR_URLS },
  })
})

test('the settings of aio count in capitals, too, as CI systems write them', async () => {
  const { AIO_runtime_namespace, AIO_runtime_auth, ...rest } = ofPipeline
  const settings = { AIO_RUNTIME_NAMESPACE: AIO_runtime_namespace, AIO_RUNTIME_AUTH: AIO_runtime_auth }
  expect(await open({ ...rest, ...settings, AIO_PROJECT_ID: '4711' })).toMatchObject({
    namespace: '12345-bridge-stage',
    runtimeKey: 'id:key',
    project: { id: '4711' },
  })
})

test('a pipeline that does not set the credentials of I/O Runtime is told which', async () => {
  await expect(open({ ...ofPipeline, AIO_runtime_auth: '' })).rejects.toThrow(
    '--env nowhere: there is no .env.nowhere here, and this pipeline does not set AIO_runtime_auth',
  )
})

test.each(['', '0', 'false'])(
  'elsewhere (CI=%s) a file that is missing is a wrong name, whatever the shell has set',
  async (CI) => {
    await expect(open({ ...ofPipeline, CI })).rejects.toThrow('--env nowhere reads .env.nowhere')
  },
)
