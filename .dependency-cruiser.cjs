// The rooms of src/, upper floors first. A room imports from lower floors only; neighbours do not know each other.
// docs/architecture.md tells why each stands where it does. A room inside another one is named by its path.
const floors = [
  ['runtime'],
  ['app'],
  ['flows/backfill', 'flows/plan', 'flows/sweep'],
  ['flows/sync'],
  ['flows/enrich', 'flows/export', 'flows/run'],
  ['flows', 'connectors'],
  ['connectors/kit'],
  // What config/ and the connectors are written with.
  ['plugin'],
  ['aem/binary'],
  ['aem', 'journal', 'delivery'],
  ['ims', 'store', 'events', 'metadata'],
  // Declarations are written with it in every room above.
  ['inputs'],
  ['http'],
  ['core'],
]
const rooms = floors.flat()

/** A room's own files: those of the rooms inside it are not its own. */
const own = (room) => {
  const inside = rooms.flatMap((other) =>
    other.startsWith(`${room}/`) ? [other.slice(room.length + 1)] : [],
  )
  return `^src/${room}/${inside.length === 0 ? '' : `(?!(${inside.join('|')})/)`}`
}

const roomRules = floors.flatMap((floor, index) =>
  floor.flatMap((room) => {
    const forbidden = floors
      .slice(0, index + 1)
      .flat()
      .filter((other) => other !== room)
    if (forbidden.length === 0) return []
    return {
      name: `src/${room} imports from lower rooms only`,
      severity: 'error',
      from: { path: own(room) },
      to: { path: forbidden.map(own) },
    }
  }),
)

const rule = (name, from, to) => ({ name, severity: 'error', from, to })

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    rule(
      'every file of src/ is in a known room',
      { path: '^src/' },
      { path: '^src/', pathNot: rooms.map((room) => `^src/${room}/`) },
    ),
    rule('no cycles', {}, { circular: true }),
    rule(
      'no connector imports another one',
      { path: '^src/connectors/([^/]+)/', pathNot: '^src/connectors/kit/' },
      { path: '^src/connectors/', pathNot: ['^src/connectors/$1/', '^src/connectors/kit/'] },
    ),
    rule(
      'the app knows connectors through config/ only, but for the declarations of their inputs',
      { path: '^src/', pathNot: '^src/connectors/' },
      {
        path: '^src/connectors/',
        pathNot: ['^src/connectors/[^/]+/(webhook-)?inputs\\.ts$', '^src/connectors/akeneo/webhook\\.ts$'],
      },
    ),
    // The exception: by way of config/ the webhook would bring the clients of all PIMs along.
    rule(
      'a webhook is known to the wiring of its action only',
      { path: '^src/', pathNot: ['^src/connectors/akeneo/', '^src/app/pim-events\\.ts$'] },
      { path: '^src/connectors/[^/]+/webhook\\.ts$' },
    ),
    rule(
      'what takes events of a PIM carries no client of one',
      { path: '^actions/pim-events/' },
      { path: ['^src/connectors/[^/]+/(pim|client)\\.ts$', '^config/'], reachable: true },
    ),
    rule(
      'what a monitor asks carries no connector',
      { path: '^actions/status/' },
      { path: ['^src/connectors/', '^config/(enrichment|destinations)\\.ts$'], reachable: true },
    ),
    rule(
      'an action decodes and answers, nothing else',
      { path: '^actions/' },
      { path: '^(src|config|cli|sandbox|scripts|bench|test)/', pathNot: '^src/(runtime|app|events)/' },
    ),
    rule(
      'what only enriches carries no destination',
      { path: '^actions/(generic|pim-events|pim-sync|status)/' },
      { path: ['^src/connectors/[^/]+/destination\\.ts$', '^src/connectors/kit/sftp/'], reachable: true },
    ),
    rule(
      'an action carries no management of subscriptions',
      { path: '^actions/' },
      { path: '^src/connectors/akeneo/event-platform/', reachable: true },
    ),
    rule(
      'only src/app reads config/, and scripts/ for what follows from it: all else runs on sample-config/',
      { path: '^', pathNot: '^(src/app|config|scripts/generate)/' },
      { path: '^config/' },
    ),
    rule(
      'src/ reads a configuration as #config/, so that a build can choose which',
      { path: '^src/' },
      { path: '^(config|sample-config)/', dependencyTypesNot: ['aliased-subpath-import'] },
    ),
    rule(
      'the app does not know its surroundings',
      { path: '^(src|config|sample-config)/' },
      { path: '^(actions|cli|sandbox|scripts|bench|test)/' },
    ),
    rule(
      'one file writes dead letters and pending work',
      { path: '^(src|actions|cli|config)/', pathNot: '^src/flows/record-failure\\.ts$' },
      { path: '^src/delivery/record-writer\\.ts$' },
    ),
    rule(
      'outcomes are rendered at the edge',
      { path: '^(src|config|actions)/', pathNot: '^src/runtime/' },
      { path: '^src/runtime/render\\.ts$' },
    ),
    rule(
      'config/ is written with src/plugin and connectors',
      { path: '^(config|sample-config)/' },
      {
        path: '^src/',
        pathNot: ['^src/(core|plugin|connectors)/', '^src/http/response\\.ts$'],
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'the sandbox is an independent judge: it shares no code with what it judges',
      { path: '^sandbox/' },
      { path: '^(src|config|sample-config|actions|cli|test|bench)/' },
    ),
    rule('only tests import tests', { path: '^(cli|scripts|bench)/' }, { path: '^test/' }),
    rule(
      'src/core imports nothing',
      { path: '^src/core/' },
      // A file is a stream of Node's; only the type is named.
      { pathNot: ['^src/core/', '^(node:)?stream$'] },
    ),
    rule(
      'what is deployed has no development dependency',
      { path: '^(src|config|sample-config|actions)/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    rule('imports lead somewhere', {}, { couldNotResolve: true }),
  ],
  options: {
    // Types are arrows, too.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.cjs', '.json'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
}
