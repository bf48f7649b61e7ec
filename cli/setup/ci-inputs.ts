import { join } from 'node:path'
import { plainInputs, secretInputs } from '#declared-inputs'
import { destinationsOn, inputsOfChoice, inputsOfOthers } from '../../src/app/choices'
import { readOperatorInputs } from '../../src/inputs/raw-inputs'
import { CommandError } from '../output'
import { readEnvText } from './env-text'
import { textOf } from './written-file'

/** Names of what a pipeline sets for a deployment. */
export type Names = { secrets: readonly string[]; variables: readonly string[] }

/** What a pipeline hands to the deployment of one environment. */
export type PipelineInputs = {
  /** All that the deployment may need: what is not set at the pipeline's host arrives as an empty text, as unset. */
  passed: Names
  /** What has to be set there, or what is set in `.env.<name>` here. */
  toSet: Names
}

/** The workspace of the Developer Console, under the names by which `aio` takes it from the environment. */
const workspace: Names = {
  secrets: ['AIO_runtime_auth'],
  variables: ['AIO_runtime_namespace', 'AIO_project_id', 'AIO_project_org_id', 'AIO_project_workspace_id'],
}

/**
 * The inputs of an environment: those of the PIM and the destinations that `.env.<name>` chooses, and of all that are
 * declared where there is no such file. Values are read to tell what is chosen, and go nowhere.
 * @throws {CommandError} an input has a name that GitHub keeps for itself
 */
export async function pipelineInputs(name: string, root: string): Promise<PipelineInputs> {
  const text = await textOf(join(root, `.env.${name}`))
  const own = text === undefined ? undefined : readEnvText(text)
  const isNeeded = own === undefined ? () => true : neededBy(own)
  const isToSet = own === undefined ? isRequired : (input: string) => isSetIn(own, input)
  const passed = {
    secrets: secretInputs.filter(isNeeded),
    variables: plainInputs.filter(isNeeded),
  }
  const taken = [...passed.secrets, ...passed.variables].find((input) => input.startsWith('GITHUB_'))
  if (taken !== undefined) {
    throw new CommandError(
      `${taken} cannot be set at GitHub, which keeps that beginning for itself: rename it`,
    )
  }
  return {
    passed: joined(workspace, passed),
    toSet: joined(workspace, {
      secrets: passed.secrets.filter(isToSet),
      variables: passed.variables.filter(isToSet),
    }),
  }
}

type EnvFile = Readonly<Record<string, string>>

const joined = (one: Names, other: Names): Names => ({
  secrets: [...one.secrets, ...other.secrets],
  variables: [...one.variables, ...other.variables],
})

const isSetIn = (own: EnvFile, input: string): boolean => (own[input] ?? '').trim() !== ''

function neededBy(own: EnvFile): (input: string) => boolean {
  const inputs = readOperatorInputs(own)
  const others = inputsOfOthers({ pim: inputs.PIM_COMMUNICATOR, destinations: destinationsOn(inputs) })
  return (input) => !others.has(input) || isSetIn(own, input)
}

/** Of two names for one thing, `aio app use` writes the one that is told. */
function isRequired(input: string): boolean {
  const declared = Object.entries(inputsOfChoice({ pim: undefined, destinations: [] }))
  return declared.some(([name, { required, unless }]) => required !== undefined && (unless ?? name) === input)
}
