const { createHash } = require('node:crypto')
const { readdirSync, readFileSync } = require('node:fs')
const path = require('node:path')

/** What can change a bundle, or how it is deployed. */
const sources = [
  'actions',
  'app.config.yaml',
  'config',
  'ext.config.yaml',
  'package-lock.json',
  'package.json',
  'sample-config',
  'src',
  'webpack',
  'webpack-config.js',
]

function filesOf(root, name) {
  const full = path.join(root, name)
  let entries
  try {
    entries = readdirSync(full, { withFileTypes: true })
  } catch (error) {
    if (error.code === 'ENOTDIR') return [name]
    if (error.code === 'ENOENT') return []
    throw error
  }
  return entries
    .filter((entry) => !entry.name.startsWith('.'))
    .flatMap((entry) => filesOf(root, `${name}/${entry.name}`))
}

/**
 * A hash of the code that a checkout deploys: the same on each machine, whatever line ends git writes there.
 * @param {string} root the folder of the checkout
 */
exports.codeHash = (root) => {
  const hash = createHash('sha256')
  for (const file of sources.flatMap((source) => filesOf(root, source)).sort()) {
    const text = readFileSync(path.join(root, file), 'latin1').replaceAll('\r\n', '\n')
    hash.update(JSON.stringify([file, text]))
  }
  return hash.digest('hex').slice(0, 32)
}
