/** A small text or a few bytes, where chunks are taken. */
export async function* oneChunk(content: string | Buffer): AsyncGenerator<Buffer> {
  yield Buffer.from(content)
}
