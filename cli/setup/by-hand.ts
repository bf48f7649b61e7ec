import type { CheckResult } from '../../src/app/doctor/checks'
import type { SetupAnswers, SetupItem } from './step'

type Manual = Extract<SetupItem, { kind: 'manual' }>

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
      what: 'Switch on the service "AEM Assets API Users" in the product profile, and give yourself the developer role on it',
      where: `Admin Console > Products > Adobe Experience Manager as a Cloud Service > AEM Assets Collaborator Users - author - … (${ofProgram}, ${ofEnvironment}) > Services`,
      shownBy: 'aem.read',
    },
    {
      what: 'Add the services "AEM Assets Author API", "I/O Management API" and "I/O Events", with the credential OAuth Server-to-Server',
      where: `Developer Console > the project > the workspace of ${env} > Add service`,
      shownBy: 'events.registrations',
    },
    {
      what: 'Commit the files for AEM to the repository of the AEM project, and run the configuration pipeline, which deploys api.yaml',
      where: `Cloud Manager > ${ofProgram} > Pipelines > the configuration pipeline of ${ofEnvironment}`,
      shownBy: 'aem.client',
    },
  ]
}

/**
 * What is left to a person: what no check shows to be done, and what checks found wrong besides.
 * @param results of `doctor`; undefined when it was not run
 */
export function leftByHand(
  answers: SetupAnswers,
  results: readonly CheckResult[] | undefined,
): readonly Manual[] {
  // The API that lists registrations has answered when it tells that there is none.
  const isShown = (name: string): boolean =>
    (results ?? []).some(
      (it) => it.name === name && (it.status === 'ok' || it.code === 'REGISTRATION_MISSING'),
    )
  const left = byHand(answers).filter(({ shownBy }) => !isShown(shownBy))
  const covered = new Set(left.map(({ shownBy }) => shownBy))
  const found = (results ?? []).filter(({ status, name }) => status === 'failed' && !covered.has(name))
  return [
    ...left.map(({ shownBy: _, ...item }): Manual => ({ kind: 'manual', ...item })),
    ...found.map(
      ({ name, code = 'UNEXPECTED', message, remedy = '' }): Manual => ({
        kind: 'manual',
        what: `${code}: ${message} ${remedy}`.trim(),
        where: `npx bridge doctor --env ${answers.env} (${name})`,
      }),
    ),
  ]
}
