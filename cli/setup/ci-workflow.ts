import { createHash } from 'node:crypto'
import type { Names } from './ci-inputs'

/** An environment that the workflow deploys to. */
export type Target = {
  /** Of `.env.<name>`, and of GitHub's environment. */
  name: string
  /** For people, such as `Stage`. */
  title: string
  /** An expression of GitHub that is true for the events that deploy here. */
  when: string
  passed: Names
}

/** The environments, and what deploys to them. A prerelease is published, too, and goes nowhere. */
export const targets = [
  { name: 'stage', title: 'Stage', when: "github.event_name == 'push'" },
  {
    name: 'production',
    title: 'Production',
    when: "github.event_name == 'release' && !github.event.release.prerelease",
  },
] as const

/** By commit: a tag can be moved to another one. The tags were read on 2026-11-29. */
const checkout = 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1'
const setupNode = 'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0'

/** Of `npm run check`, what a change in `config/` or a connector can break. The rest is about the app's own code. */
const checks = ['types', 'lint', 'arrows', 'generated', 'inputs', 'supply']

/**
 * The text of the workflow: tests and builds every change, and deploys it. It holds names of secrets, and no value.
 * @param branch whose pushes go to Stage
 */
export function workflowText(branch: string, deployments: readonly Target[]): string {
  const body = `name: Deploy
on:
  push:
    branches: [${JSON.stringify(branch)}]
  pull_request:
  release:
    types: [published]
permissions:
  contents: read
concurrency:
  # One after the other, so that no older commit is deployed after a newer one.
  group: workflow-\${{ github.ref }}
  cancel-in-progress: \${{ github.event_name == 'pull_request' }}
env:
  AIO_TELEMETRY_DISABLED: "1"
jobs:
  test:
    name: Test
    runs-on: ubuntu-24.04
    timeout-minutes: 45
    steps:
${prepared('cache: npm')}
      - run: npm run check -- ${checks.join(' ')}
      - run: npm test
  build:
    name: Build
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    steps:
${prepared('cache: npm')}
      - run: npm run build
${deployments.map(deployment).join('\n')}
`
  return `${head}${hashLine}${hashOf(body)}\n${body}`
}

/** Whether a person has changed the text since it was written. Line ends do not count: git may change them. */
export function isChangedByHand(text: string): boolean {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const at = lines.findIndex((line) => line.startsWith(hashLine))
  if (at === -1) return true
  return lines[at] !== `${hashLine}${hashOf(lines.slice(at + 1).join('\n'))}`
}

const head = `# Written by \`npx bridge setup ci\`: run it again after a new version, and after a change of inputs or of .env.<name>.
# It replaces this file as long as nobody has changed it by hand. docs/ci.md tells what to set at GitHub.
`
const hashLine = '# sha256 of what follows: '

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** No credential of git stays on the machine: nothing after the checkout needs one. */
const prepared = (cache: string): string => `      - uses: ${checkout}
        with:
          persist-credentials: false
      - uses: ${setupNode}
        with:
          node-version-file: package.json
          ${cache}
      - run: npm ci`

/** A cache may be filled by any run, so what is handed secrets takes none. A deployment that runs is never ended half-way. */
const deployment = ({ name, title, when, passed }: Target): string => `  ${name}:
    name: Deploy to ${title}
    if: ${when}
    needs: [test, build]
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    environment: ${name}
    concurrency:
      group: deploy-${name}
      cancel-in-progress: false
    steps:
${prepared('package-manager-cache: false')}
      - name: Deploy
        run: npm run deploy -- --env ${name} --yes
        env:
${settings(passed)}`

const settings = ({ secrets, variables }: Names): string =>
  [...variables.map((name) => [name, 'vars'] as const), ...secrets.map((name) => [name, 'secrets'] as const)]
    .map(([name, kind]) => `          ${name}: \${{ ${kind}.${githubName(name)} }}`)
    .join('\n')

/** GitHub keeps names in capitals. */
export const githubName = (name: string): string => name.toUpperCase()
