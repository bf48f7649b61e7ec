// aio-lib-state reaches aio-lib-core-config through aio-lib-env, which asks it for one thing: `cli.env`, and only
// when `process.env.AIO_CLI_ENV` is empty. `aio app build` writes that variable into every bundle as a constant,
// so the question is never put. The package would look for ~/.config/aio, .aio and .env files, which do not exist
// on I/O Runtime, with parsers for YAML, HJSON and dotenv: 70 KB of the bundle.
module.exports = {
  get: () => undefined,
  set() {
    throw new Error('an action has no aio configuration to write to')
  },
}
