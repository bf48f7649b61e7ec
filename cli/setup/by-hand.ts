import { basename } from 'node:path'
import type { CheckResult } from '../../src/app/doctor/checks'
import type { Manual, SetupAnswers } from './step'

/** What only a person can do, with the check of `doctor` that shows it to be done. */
type ByHand = Omit<Manual, 'kind'> & { shownBy: string }

const byHand = ({ env, author }: Pick<SetupAnswers, 'env' | 'author'>): readonly ByHand[] => {
  const [, program, environment] = /author-p(\d+)-e(\d+)/.exec(author) ?? []
  const [ofProgram, ofEnvironment] =
    program === undefined
      ? ['the program', 'the environment']
      : [`Program ${program}`, `Environment ${environment}`]
  return [
    {
      what: 'switch on the service "AEM Assets API Users" in the product profile, and give yourself the developer role on it',
      where: `Admin Console > Products > Adobe Experience Manager as a Cloud Service > AEM Assets Collaborator Users - author - … (${ofProgram}, ${ofEnvironment}) > Services`,
      shownBy: 'aem.read',
    },
    {
      what: 'add the services "AEM Assets Author API", "I/O Management API" and "I/O Events", with the credential OAuth Server-to-Server',
      where: `Developer Console > the project > the workspace of ${env} > Add service`,
      shownBy: 'events.registrations',
    },
  ]
}

/** Files for AEM, by the begin of their names, with the check that shows them to be deployed. */
const shownFiles: Readonly<Record<string, string>> = {
  'api.yaml': 'aem.client',
  'org.apache.sling.jcr.repoinit.': 'aem.write',
}

/**
 * What is left to a person: what no check shows to be done, and what checks found wrong besides.
 * @param told by the steps
 * @param results of `doctor`; undefined when it was not run
 */
export function leftByHand(
  answers: SetupAnswers,
  told: readonly Manual[],
  results: readonly CheckResult[] | undefined,
): readonly Manual[] {
  // The API that lists registrations has answered when it tells that there is none.
  const isShown = (name: string): boolean =>
    (results ?? []).some(
      (it) => it.name === name && (it.status === 'ok' || it.code === 'REGISTRATION_MISSING'),
    )
  const checkOf = ({ file = '' }: Manual): string | undefined =>
    Object.entries(shownFiles).find(([begin]) => basename(file).startsWith(begin))?.[1]
  const left = byHand(answers).filter(({ shownBy }) => !isShown(shownBy))
  const leftOfSteps = told.filter((item) => !isShown(checkOf(item) ?? ''))
  const waiting = leftOfSteps.filter(({ awaitsDeployment }) => awaitsDeployment === true)
  const covered = new Set([
    ...(waiting.length === 0 ? [] : shownByDeployment),
    ...left.map(({ shownBy }) => shownBy),
    ...leftOfSteps.flatMap((item) => checkOf(item) ?? []),
  ])
  const found = (results ?? []).filter(({ status, name }) => status === 'failed' && !covered.has(name))
  return [
    ...left.map(({ shownBy: _, ...item }): Manual => ({ kind: 'manual', ...item })),
    ...leftOfSteps.filter((item) => !waiting.includes(item)),
    ...(waiting.length === 0 ? [] : [deployment(waiting, answers)]),
    ...found.map(
      ({ name, code = 'UNEXPECTED', message, remedy = '' }): Manual => ({
        kind: 'manual',
        what: `${code}: ${message} ${remedy}`.trim(),
        where: `npx bridge doctor --env ${answers.env} (${name})`,
      }),
    ),
  ]
}

/** What a deployment brings along. */
const shownByDeployment = ['inputs.journal', 'events.registrations']

/** Parts that wait for the deployment are one thing to do. */
function deployment(waiting: readonly Manual[], { env }: SetupAnswers): Manual {
  const [first, ...others] = waiting
  const what =
    first !== undefined && others.length === 0
      ? first.what
      : `deploy: that ends with ${waiting.length} event registrations, which I/O Events takes only for deployed actions, and with JOURNAL_URL`
  return { kind: 'manual', what, where: `npm run deploy -- --env ${env}` }
}
