import { multipartAround } from '../../../src/connectors/kit/multipart'

/** The file name that a reader of quoted strings (RFC 9110, 5.6.4) finds; undefined when the quotes do not end. */
function fileNameIn(name: string): string | undefined {
  const { before } = multipartAround({}, { name, mediaType: 'image/png' })
  const line = /^content-disposition: form-data; name="file"; filename=(.*)$/m.exec(before.toString())?.[1]
  return /^"((?:[^"\\]|\\.)*)"\r?$/.exec(line ?? '')?.[1]
}

describe('the name of a file in a form', () => {
  it.each([
    ['lamp.png', 'lamp.png'],
    ['a "b".png', 'a %22b%22.png'],
    ['x\\', 'x%5C'],
    ['a\\b\\\\', 'a%5Cb%5C%5C'],
    ['a\r\nb', 'a%0D%0Ab'],
    ['Lämpe ü.png', 'Lämpe ü.png'],
  ])('ends where its quotes end: %j', (name, shown) => {
    expect(fileNameIn(name)).toBe(shown)
  })
})
