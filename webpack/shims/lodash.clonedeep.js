// The State client copies its options with it, which are plain data, to hide a key in what it logs. Node clones such data
// itself; the package is 10 KB of the bundle. A function among them is left out of the copy.
module.exports = (value) => {
  try {
    return structuredClone(value)
  } catch {
    return JSON.parse(JSON.stringify(value))
  }
}
