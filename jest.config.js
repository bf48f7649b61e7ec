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
  testTimeout: 20_000,
  transform: { '\\.(ts|js)$': swc },
  // Both are ES modules only, which Jest loads from CommonJS when they are transformed.
  transformIgnorePatterns: ['/node_modules/(?!(p-limit|yocto-queue)/)'],
  // What the build leaves there would be a second package of the same name, and the copies of the deploy a third.
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/bench/out/'],
}

module.exports = {
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/app/'],
    },
    {
      ...project,
      displayName: 'app',
      testMatch: ['<rootDir>/test/app/**/*.test.ts'],
      globalSetup: '<rootDir>/test/app/build-once.ts',
      // Each of these starts the aio CLI or a fresh process.
      testTimeout: 120_000,
    },
  ],
  reporters: process.env.CI_SUMMARY ? ['<rootDir>/scripts/ci-reporter.js'] : ['default'],
}
