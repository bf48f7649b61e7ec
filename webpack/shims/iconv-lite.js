// needle, which openwhisk sends its requests with, re-codes texts that say they are not UTF-8. The Runtime API answers
// in UTF-8 only. The package brings the tables of all other encodings: 250 KB of the bundle.
module.exports = { encodingExists: () => false }
