import { isChecked } from '../../scripts/workspace/hooks'
import type { Settings } from '../environment'
import type { DeployToken } from './token'

/** What goes into the environment of Adobe's CLI. */
export type Deployment = {
  namespace: string
  /** The key of the namespace. */
  key: string
  /** Organisation, project and workspace, as `AIO_project_*` name them; those that are known. */
  project: Settings
  /** Every input that is bound, with an empty text where it is not set. */
  inputs: Readonly<Record<string, string>>
  /** Undefined when the CLI has a login of its own. */
  token: DeployToken | undefined
}

const ofWorkspace = /^AIO_(runtime|project)_/i

/**
 * The environment that Adobe's CLI deploys with. It merges `.env` under its environment, so all that `.env` could bring of
 * another workspace is set, empty where this one has nothing. `AIO_CLI_ENV` is left out: it means Adobe's own stage.
 * Source: aio-lib-core-config 5.0 (`dotenv.js`: a variable that is set stays, also an empty one; names are made capital),
 * aio-lib-runtime 7.3 (`replaceIfEnvKey`: `String.replace`, for which `$$` is one `$`).
 * @param process what the CLI has of the process: the path, proxies, its own login
 * @param dotEnv what stands in `.env`
 */
export function settingsOf(
  { namespace, key, project, inputs, token }: Deployment,
  process: Settings,
  dotEnv: Settings,
): NodeJS.ProcessEnv {
  const workspace = { ...project, AIO_runtime_namespace: namespace, AIO_runtime_auth: key }
  const kept = Object.entries(process).filter(([name]) => !ofWorkspace.test(name) && name !== 'AIO_CLI_ENV')
  return {
    ...Object.fromEntries(kept),
    ...inEverySpelling(workspace, Object.keys(dotEnv)),
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, escaped(value)])),
    ...(token === undefined
      ? {}
      : {
          AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_TOKEN: token.token,
          AIO_IMS_CONTEXTS_CLI_ACCESS__TOKEN_EXPIRY: String(token.expiry),
        }),
    [isChecked]: 'yes',
  }
}

/**
 * The CLI holds two versions of the library that reads settings: one makes names capital, the other one tells capital letters.
 * So each name is set as it is usually written, in capitals, and as `.env` writes it.
 */
function inEverySpelling(workspace: Settings, inDotEnv: readonly string[]): Record<string, string> {
  const values = Object.fromEntries(
    Object.entries(workspace).flatMap(([name, value]) => (value ? [[name.toUpperCase(), value]] : [])),
  )
  const names = [...Object.keys(workspace), ...inDotEnv.filter((name) => ofWorkspace.test(name))]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = values[name.toUpperCase()] ?? ''
      return [
        [name, value],
        [name.toUpperCase(), value],
      ]
    }),
  )
}

/** What arrives as this value once `String.replace` has put it in. */
export const escaped = (value: string): string => value.replaceAll('$', '$$$$')
