import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { startServerProcess } from './server-process'

/** s3rver at work, with one bucket. */
export type S3Server = {
  /** As inputs of the `s3` destination. */
  inputs: Readonly<Record<string, string>>
  bucket: string
  /** Reads the stored file, past the protocol; undefined when there is none. */
  read(key: string): Promise<Buffer | undefined>
  /** Tells the content type that goes with it. */
  mediaType(key: string): Promise<string | undefined>
  list(): Promise<string[]>
  /** Uploads that were begun and neither completed nor aborted. */
  openUploads(): Promise<string[]>
  /** Where the content of a key is kept. */
  fileOf(key: string): string
  close(): Promise<void>
}

const bucket = 'assets'
const script = join(__dirname, '../../node_modules/s3rver/bin/s3rver.js')
const suffix = '._S3rver_object'

/** Starts it on a free port; signatures are checked. */
export async function startS3Server(): Promise<S3Server> {
  const server = await startServerProcess(
    script,
    (folder) => ['-d', folder, '-a', '127.0.0.1', '-p', '0', '--silent', '--configure-bucket', bucket],
    /listening on (\S+)/,
  )
  const root = join(server.folder, bucket)

  const fileOf = (key: string): string => join(root, `${key}${suffix}`)

  return {
    inputs: {
      S3_BUCKET: bucket,
      S3_REGION: 'us-east-1',
      S3_ENDPOINT: server.url,
      S3_ACCESS_KEY_ID: 'S3RVER',
      S3_SECRET_ACCESS_KEY: 'S3RVER',
    },
    bucket,
    fileOf,
    read: (key) => readFile(fileOf(key)).catch(() => undefined),
    mediaType: async (key) => {
      const text = await readFile(join(root, `${key}._S3rver_metadata.json`), 'utf8').catch(() => '{}')
      return (JSON.parse(text) as Record<string, string>)['content-type']
    },
    list: async () => {
      const entries = await readdir(root, { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).slice(0, -suffix.length))
    },
    openUploads: async () => await readdir(join(root, '.uploads')).catch(() => []),
    close: server.close,
  }
}
