import { releaseProblem } from '../../scripts/check/released'

const of = (version: string): string => JSON.stringify({ version })
const changelog = '# Changelog\n\n## [Unreleased]\n\n- More.\n\n## [1.2.0]\n\n- New.\n\n## [1.1.0]\n'
const fine = { changelog, manifest: of('1.2.0'), lock: of('1.2.0') }

test('the newest release of the changelog is the version of the app', () => {
  expect(releaseProblem(fine)).toBeUndefined()
  expect(releaseProblem({ ...fine, changelog: changelog.replace('1.2.0', '1.2.0-beta.1') })).toContain(
    'in CHANGELOG.md is 1.2.0-beta.1, package.json has 1.2.0',
  )
  expect(releaseProblem({ ...fine, manifest: of('1.3.0') })).toContain('package.json has 1.3.0')
  expect(releaseProblem({ ...fine, lock: of('1.1.0') })).toContain('package-lock.json 1.1.0')
  expect(releaseProblem({ ...fine, changelog: '# Changelog\n' })).toContain('is undefined')
})
