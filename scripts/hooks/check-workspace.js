// `aio app build` and `aio app deploy` call it before they begin (`hooks` in ext.config.yaml). It warns, and never fails:
// an error here would end the deployment.
let isDone = false

/** @param {unknown} config what aio knows of the app */
module.exports = (config) => {
  // A deployment builds first, and would say everything twice.
  if (isDone) return
  isDone = true
  try {
    require('tsx/cjs/api').require('../workspace/hooks.ts', __filename).warnOfWorkspace(config)
  } catch (error) {
    console.warn(`The workspace could not be checked: ${error.message}`)
  }
}
