/** Of I/O Runtime, as `aio app use` writes them. */
export const runtimeNames = ['AIO_runtime_namespace', 'AIO_runtime_auth', 'AIO_runtime_apihost'] as const

/** Of the workspace in the Developer Console, as `aio` takes them from the environment. */
export const projectNames = [
  'AIO_project_id',
  'AIO_project_name',
  'AIO_project_org_id',
  'AIO_project_workspace_id',
  'AIO_project_workspace_name',
] as const

/**
 * A setting as it is written, in capitals or otherwise: `aio` does not tell capital letters of its own settings.
 * @returns undefined when it is not set, or empty
 */
export function aioSetting(
  settings: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const names = [name, ...Object.keys(settings).filter((one) => one.toUpperCase() === name.toUpperCase())]
  return names.map((one) => settings[one]).find((value) => value !== undefined && value !== '')
}
