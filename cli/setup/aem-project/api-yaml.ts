/** The kinds of environment that a configuration pipeline knows. */
export type EnvironmentType = 'dev' | 'stage' | 'prod'

/** AEM has one stage and one production environment a programme; any other is for development. */
export const environmentType = (env: string): EnvironmentType =>
  /^prod(uction)?$/i.test(env) ? 'prod' : /^stag(e|ing)$/i.test(env) ? 'stage' : 'dev'

/**
 * What a configuration pipeline deploys to let one client id in: that of the environment's own workspace and no other. The
 * type keeps it away from an environment of another type, should a pipeline deploy it there.
 */
export const apiYaml = (env: string, clientId: string): string =>
  [
    `# The client id of the workspace that belongs to the environment ${JSON.stringify(env)}, and no other.`,
    'kind: "API"',
    'version: "1"',
    'metadata:',
    `  envTypes: ["${environmentType(env)}"]`,
    'data:',
    '  allowedClientIDs:',
    '    author:',
    // A text in quotes is the same in JSON and in YAML.
    `      - ${JSON.stringify(clientId)}`,
    '',
  ].join('\n')
