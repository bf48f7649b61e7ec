import { isOk, jsonBody } from '../../src/http/response'

const answer = (text: string, type?: string) => ({
  status: 200,
  headers: new Map(type === undefined ? [] : [['content-type', type]]),
  text,
})

describe('the body of an answer', () => {
  it('is given as JSON, whatever its content type says', () => {
    expect(jsonBody('AEM', answer('[1]', 'text/plain'))).toEqual([1])
    expect(jsonBody('AEM', answer('null'))).toBeNull()
  })

  it.each(['<!doctype html><html>Sign in</html>', '', '{"cut":'])(
    'is a transient failure when it is no JSON: %j',
    (text) => {
      const read = () => jsonBody('AEM', answer(text, 'text/html'))

      expect(read).toThrow(expect.objectContaining({ failureClass: 'transient', code: 'AEM_NOT_JSON' }))
    },
  )

  it('does not stand in the message when it is no JSON: a page may hold anything', () => {
    expect(() => jsonBody('AEM', answer('<html>someone@example.com</html>'))).not.toThrow(/someone/)
  })
})

it('a success is any 2xx and nothing else', () => {
  const statuses = [199, 200, 201, 202, 204, 206, 299, 300, 302, 304, 400, 500]

  expect(statuses.filter((status) => isOk({ ...answer(''), status }))).toEqual([200, 201, 202, 204, 206, 299])
})
