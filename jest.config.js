const swc = [
  '@swc/jest',
  {
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
]

const project = {
  testEnvironment: 'node',
  // Tests are about the app as it comes: `#config/*` is sample-config/ (`imports` in package.json).
  testEnvironmentOptions: { customExportConditions: ['sample-config', 'node', 'node-addons'] },
  setupFiles: ['<rootDir>/test/support/quiet.js'],
  transform: { '\\.(ts|js)$': swc },
  // These are ES modules only, which Jest loads from CommonJS when they are transformed.
  transformIgnorePatterns: ['/node_modules/(?!(p-limit|yocto-queue|github-slugger|marked)/)'],
  // As the bundles have it: without it each operation on State costs 6 ms of processor time.
  moduleNameMapper: { '^ajv$': '<rootDir>/webpack/shims/ajv.js' },
  // What the build leaves there would be a second package of the same name, and the copies of the deploy a third.
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/sample-app/', '<rootDir>/bench/out/'],
}

module.exports = {
  // Jest takes it from here only, not from a project. Some tests start the aio CLI or fresh processes.
  testTimeout: 120_000,
  // What the app logs on purpose; `npx jest --silent=false` shows it.
  silent: true,
  // One more than there are cores: half of what tests do is waiting for servers and processes. With two cores Jest would
  // take one.
  maxWorkers: require('node:os').availableParallelism() + 1,
  // A test that failed half-way may leave a server open; the run must end all the same.
  forceExit: true,
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: ['<rootDir>/{test,examples}/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/app/'],
    },
    {
      ...project,
      displayName: 'app',
      testMatch: ['<rootDir>/test/app/**/*.test.ts'],
      globalSetup: '<rootDir>/test/app/build-once.ts',
    },
  ],
  reporters: process.env.CI_SUMMARY ? ['<rootDir>/scripts/ci-reporter.js'] : ['default'],
}
