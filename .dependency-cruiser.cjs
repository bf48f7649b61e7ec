// The rooms of src/, upper floors first. A room imports from lower floors only; neighbours do not know each other.
// docs/architecture.md tells why each stands where it does.
const floors = [
  ['runtime'],
  ['batch.ts', 'pim-events.ts', 'reconcile.ts'],
  ['enrich.ts', 'export.ts'],
  ['flows'],
  // What config/ is typed with.
  ['enrichment.ts', 'exports.ts'],
  ['pim', 'aem', 'journal', 'delivery', 'destinations', 'inputs'],
  ['ims', 'store', 'events', 'metadata', 'akeneo'],
  ['http'],
  ['core'],
]

const pattern = (room) => `^src/${room.endsWith('.ts') ? `${room.replace('.', '\\.')}$` : `${room}/`}`

const roomRules = floors.flatMap((floor, index) =>
  floor.map((room) => {
    const allowed = [room, ...floors.slice(index + 1).flat()].map(pattern)
    return {
      name: `src/${room} imports from lower rooms only`,
      severity: 'error',
      from: { path: pattern(room) },
      to: { path: '^src/', pathNot: allowed },
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
      { path: '^src/', pathNot: floors.flat().map(pattern) },
    ),
    rule('no cycles', {}, { circular: true }),
    rule(
      'an action decodes and answers, nothing else',
      { path: '^actions/' },
      {
        path: '^(src|config|cli|sandbox|scripts|bench|test)/',
        pathNot: ['^src/runtime/', '^src/(enrich|export|batch|pim-events|reconcile)\\.ts$', '^src/events/'],
      },
    ),
    rule(
      'what only enriches carries no destination',
      { path: '^actions/(generic|pim-events|pim-sync|reconcile)/' },
      { path: '^src/destinations/', reachable: true },
    ),
    rule(
      'an action carries no management of subscriptions',
      { path: '^actions/' },
      { path: '^src/akeneo/event-', reachable: true },
    ),
    rule(
      'only enrich.ts and export.ts read config/',
      { path: '^src/', pathNot: '^src/(enrich|export)\\.ts$' },
      { path: '^config/' },
    ),
    rule(
      'the app does not know its surroundings',
      { path: '^(src|config)/' },
      { path: '^(actions|cli|sandbox|scripts|bench|test)/' },
    ),
    rule(
      'config/ is written with plug-ins, matching and mapping',
      { path: '^config/' },
      {
        path: '^src/',
        pathNot: [
          '^src/(core|pim|metadata|destinations)/',
          '^src/http/response\\.ts$',
          '^src/(enrichment|exports)\\.ts$',
        ],
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'the sandbox is an independent judge: it shares no code with what it judges',
      { path: '^sandbox/' },
      { path: '^(src|config|actions|cli|test|bench)/' },
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
      { path: '^(src|config|actions)/' },
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
