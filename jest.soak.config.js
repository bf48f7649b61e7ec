const { projects, ...quick } = require('./jest.config')

/** The long runs: the projects of jest.config.js, with `*.soak.ts` in place of `*.test.ts`. */
module.exports = {
  ...quick,
  projects: projects.map((project) => ({
    ...project,
    testMatch: project.testMatch.map((pattern) => pattern.replace('.test.ts', '.soak.ts')),
  })),
}
