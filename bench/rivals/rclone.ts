import { execFileSync } from 'node:child_process'

/** Where rclone puts files. */
export type RcloneRemote = {
  kind: 'azureblob' | 's3' | 'sftp' | 'webdav' | 'local'
  settings: Readonly<Record<string, string>>
  path: string
}

/** What rclone is to copy from a server of files. */
export type RcloneJob = {
  /** Origin of the source, with the token that it wants. */
  source: string
  token: string
  /** File with one name a line. */
  list: string
  remote: RcloneRemote
  /** Files at once. */
  transfers: number
}

/**
 * What is asked of rclone in a sentence; in its favour are chosen: no look at what the destination has
 * (`--no-check-dest`), no second look at what arrived where rclone can leave it out (`--s3-no-head`,
 * `--ignore-checksum`), no look for the bucket, no time set on files, no check for commands of the SSH server; blocks as
 * large as ours and more of them at once (rclone has 16 of Azure's); SFTP as it comes, which is faster than larger writes.
 * Retries are off, as none is needed.
 */
export const rcloneSentence =
  "`rclone copy` of the machine's package, a new process as ours: `--transfers` as many files at once as ours, " +
  '`--checkers 16 --no-check-dest --ignore-times --no-traverse --ignore-checksum --retries 1`; Azure: ' +
  '`--azureblob-chunk-size 8Mi --azureblob-upload-concurrency 16`; S3: `--s3-chunk-size 8Mi --s3-upload-concurrency 8 ' +
  '--s3-no-head --s3-no-check-bucket --s3-disable-checksum`; SFTP: `--sftp-disable-hashcheck --sftp-set-modtime=false`; HTTPS: `--webdav-vendor other` at the same Apache with mod_dav'

const efforts: Readonly<Record<RcloneRemote['kind'], readonly string[]>> = {
  azureblob: ['--azureblob-chunk-size', '8Mi', '--azureblob-upload-concurrency', '16'],
  s3: [
    ...['--s3-chunk-size', '8Mi', '--s3-upload-concurrency', '8'],
    ...['--s3-no-head', '--s3-no-check-bucket', '--s3-disable-checksum'],
  ],
  sftp: [...['--sftp-disable-hashcheck', '--sftp-set-modtime=false']],
  webdav: [],
  local: [],
}

/** Its arguments. */
export function rcloneArgs({ source, token, list, remote, transfers }: RcloneJob): string[] {
  const { kind, settings, path } = remote
  const named = Object.entries(settings).map(([name, value]) => `,${name}='${value}'`)
  return [
    'copy',
    ...['--http-url', `${source}/`, '--http-headers', `Authorization,Bearer ${token}`],
    ':http:',
    kind === 'local' ? path : `:${kind}${named.join('')}:${path}`,
    ...['--files-from', list, '--no-traverse', '--no-check-dest', '--ignore-times', '--ignore-checksum'],
    ...['--transfers', `${transfers}`, '--checkers', '16', '--retries', '1', '--low-level-retries', '1'],
    ...efforts[kind],
  ]
}

/** As it names itself; undefined when it is not installed. */
export function rcloneVersion(): string | undefined {
  try {
    return execFileSync('rclone', ['version'], { encoding: 'utf8' }).split('\n')[0]
  } catch {
    return undefined
  }
}
