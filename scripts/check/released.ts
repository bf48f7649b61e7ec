/** What names a version, as texts. */
type Released = { changelog: string; manifest: string; lock: string }

/**
 * What disagrees about the newest release: an upgrade finds it by the version in package.json, and tells what
 * CHANGELOG.md asks of an operator up to it.
 */
export function releaseProblem({ changelog, manifest, lock }: Released): string | undefined {
  const newest = /^## \[(\d+\.\d+\.\d+[^\]]*)\]/m.exec(changelog)?.[1]
  const [version, locked] = [versionOf(manifest), versionOf(lock)]
  if (newest === version && locked === version) return undefined
  return (
    `the newest release in CHANGELOG.md is ${newest}, package.json has ${version} and package-lock.json ${locked}: ` +
    'see docs/releasing.md'
  )
}

function versionOf(text: string): unknown {
  const { version }: { version?: unknown } = JSON.parse(text)
  return version
}
