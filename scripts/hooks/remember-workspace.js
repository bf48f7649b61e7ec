// `aio app deploy` calls it at its end (`hooks` in ext.config.yaml).

/** @param {unknown} config what aio knows of the app */
module.exports = (config) => {
  try {
    require('tsx/cjs/api').require('../workspace/hooks.ts', __filename).rememberWorkspace(config)
  } catch (error) {
    console.warn(`The deployment could not be noted: ${error.message}`)
  }
}
