import { type Alarm, alarmOf, type Deployment, jobs } from '../../src/plugin/deployment'
import { type ActionFacts, actions } from './actions'
import { boundNames, type InputGroup } from './groups'

/** The text of ext.config.yaml. */
export function extConfig(groups: readonly InputGroup[], deployment: Deployment): string {
  const lines = [
    '# Written by `npm run generate`. Do not edit: inputs are declared where they are read, alarms and limits are set in',
    '# config/deployment.ts.',
    'hooks:',
    '  # They warn when .env and the workspace do not belong together.',
    '  pre-app-build: scripts/hooks/check-workspace.js',
    '  pre-app-deploy: scripts/hooks/check-workspace.js',
    '  post-app-deploy: scripts/hooks/remember-workspace.js',
    'runtimeManifest:',
    '  packages:',
    '    asset-bridge:',
    '      license: Apache-2.0',
    '      # Bound once for all actions. The values come from .env when the app is deployed;',
    '      # what is not set there arrives as an empty string and means "not set".',
    '      inputs:',
    ...boundNames(groups).map((name) => `        ${name}: $${name}`),
    '      actions:',
    ...actions.flatMap((action) => linesOf(action, deployment)),
    ...alarmLines(deployment),
  ]
  return `${lines.join('\n')}\n`
}

function linesOf(action: ActionFacts, { limits, runtime = 'nodejs:24', ...more }: Deployment): string[] {
  const { name, about, web, comments = {}, usesIms } = action
  const above = (indent: number, key: keyof typeof comments): string[] => {
    const comment = comments[key]
    return comment === undefined ? [] : [`${' '.repeat(indent)}# ${comment}`]
  }
  const { timeout, memorySize, concurrency } = { ...action.limits, ...limits?.[name] }
  return [
    `        # ${about}`,
    `        ${name}:`,
    `          function: actions/${name}/index.ts`,
    ...above(10, 'web'),
    `          web: ${web === 'no' ? '"no"' : web}`,
    `          runtime: ${runtime}`,
    '          limits:',
    ...above(12, 'timeout'),
    `            timeout: ${timeout}`,
    `            memorySize: ${memorySize}`,
    ...above(12, 'concurrency'),
    `            concurrency: ${concurrency}`,
    '          annotations:',
    ...above(12, 'require-adobe-auth'),
    '            require-adobe-auth: false',
    '            # No request may set an input that is bound.',
    '            final: true',
    ...above(12, 'provide-api-key'),
    '            provide-api-key: true',
    ...(more.includeImsCredentials && usesIms ? ['            include-ims-credentials: true'] : []),
  ]
}

function alarmLines(deployment: Deployment): string[] {
  const set = jobs.flatMap((job): [string, Exclude<Alarm, 'off'>][] => {
    const alarm = alarmOf(job, deployment)
    return alarm === 'off' ? [] : [[job, alarm]]
  })
  if (set.length === 0) return []
  return [
    '      triggers:',
    ...set.flatMap(([job, alarm]) => [
      `        ${job}-alarm:`,
      `          feed: /whisk.system/alarms/${'cron' in alarm ? 'alarm' : 'interval'}`,
      '          inputs:',
      `            ${'cron' in alarm ? `cron: ${JSON.stringify(alarm.cron)}` : `minutes: ${alarm.minutes}`}`,
    ]),
    '      rules:',
    ...set.flatMap(([job]) => [
      `        ${job}-by-alarm:`,
      `          trigger: ${job}-alarm`,
      `          action: ${job}`,
    ]),
  ]
}
