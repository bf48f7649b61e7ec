import type { FakeBinary } from './fake-binary'

/** Expects what was read to be a file, byte for byte. Jest's own comparison takes seconds for a megabyte. */
export function expectBytes(found: Buffer | undefined, source: FakeBinary): void {
  const bytes = source.bytes()
  expect(found?.length).toBe(bytes.length)
  expect(found?.equals(bytes)).toBe(true)
}
