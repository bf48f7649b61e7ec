import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { createFileCheck } from '../../../src/aem/binary/file-check'

const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')
const chunks = fc.array(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 8 },
)

/** What comes out, and whether the check was content. */
const run = (given: readonly Buffer[], facts: { size?: number; sha1?: string }) => {
  const check = createFileCheck({ size: facts.size, ...(facts.sha1 ? { sha1: facts.sha1 } : {}) })
  const out: Buffer[] = []
  const give = (bytes: Buffer | undefined) => bytes && out.push(bytes)
  try {
    for (const chunk of given) give(check.take(chunk))
    give(check.end())
    return { out: Buffer.concat(out), error: undefined }
  } catch (error) {
    return { out: Buffer.concat(out), error }
  }
}

test('the right file comes out whole, however it was cut into chunks', () => {
  fc.assert(
    fc.property(chunks, fc.boolean(), fc.boolean(), (given, withSize, withHash) => {
      const whole = Buffer.concat(given)
      const facts = {
        ...(withSize ? { size: whole.length } : {}),
        ...(withHash ? { sha1: sha1(whole) } : {}),
      }
      expect(run(given, facts)).toEqual({ out: whole, error: undefined })
    }),
  )
})

test('of any other file less comes out than was announced', () => {
  fc.assert(
    fc.property(chunks, fc.uint8Array({ minLength: 1, maxLength: 60 }), (given, announced) => {
      const whole = Buffer.concat(given)
      fc.pre(!whole.equals(announced))
      const { out, error } = run(given, { size: announced.length, sha1: sha1(announced) })
      expect(error).toMatchObject({ failureClass: 'transient', code: 'AEM_FILE_CHANGED' })
      expect(out.length).toBeLessThan(announced.length)
    }),
  )
})
