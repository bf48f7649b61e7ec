import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startMarketo } from '../../sandbox/targets/marketo'

const run = promisify(execFile)
const megabyte = 1_000_000
const size = 500 * megabyte

describe('a file of 500 MB for marketo', () => {
  it.each([
    ['whose size is known', false],
    ['whose size nobody knows', true],
  ])(
    '%s goes through a process of 200 MB, at exactly the length that was said',
    async (_what, unknownSize) => {
      const instance = await startMarketo({ maxBytes: 2 * size })
      try {
        const inputs = { ...instance.inputs, MARKETO_MAX_BYTES: String(2 * size) }
        const { stdout } = await run(
          process.execPath,
          [
            '--max-semi-space-size=4',
            '--import',
            'tsx',
            join(__dirname, 'fixtures/marketo-upload.ts'),
            JSON.stringify({ inputs, size, unknownSize }),
          ],
          { cwd: join(__dirname, '../..') },
        )
        const { stored, mostBytes } = JSON.parse(stdout)
        expect(stored).toEqual({ version: 'v1', size })
        expect(mostBytes).toBeLessThan(200 * megabyte)
        const [upload] = instance.requests.filter(({ method }) => method === 'POST')
        expect(upload?.headers['content-length']).toBe(String(upload?.bytes))
        expect(instance.files()).toMatchObject([{ size, mimeType: 'video/mp4' }])
      } finally {
        await instance.close()
      }
    },
  )
})
