// What @azure/storage-common computes CRC-64 with, as WebAssembly in a text: 70 KB of a bundle. Azure's client starts it
// only for an upload or a download that asks for that checksum, which src/connectors/azure never does.
module.exports = () => {
  throw new Error('an action computes no CRC-64: see webpack/shims/azure-crc64.js')
}
