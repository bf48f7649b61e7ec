import { createAuthorHosts } from '../../src/aem/author-host'
import { resolveAuthor } from '../../src/aem/refused-host'
import { startCall } from '../support/call'

const refused = expect.objectContaining({ code: 'HOST_NOT_ALLOWED', failureClass: 'permanent' })
const own = 'https://author-p1-e1.adobeaemcloud.com'

/** What the operator is told of a host. */
function toldOf(
  host: unknown,
  origins: readonly [string, ...string[]] = [own],
  times = 1,
): readonly string[] {
  const call = startCall()
  const hosts = createAuthorHosts(origins)
  for (let time = 0; time < times; time++) expect(() => resolveAuthor(hosts, host, call)).toThrow(refused)
  return call.log
}

test('a host that is refused is told once a container, with a code and the origin to add', () => {
  const [line = '', ...others] = toldOf('author-p1-e2.adobeaemcloud.com', [own], 3)
  expect(line).toMatch(/^error .*add https:\/\/author-p1-e2\.adobeaemcloud\.com to AEM_AUTHOR_URLS, deploy/)
  expect(line).toContain('"code":"HOST_NOT_ALLOWED"')
  expect(others).toEqual([])
  expect(toldOf('author-p1-e2.adobeaemcloud.com')).toEqual([])
  expect(toldOf('author-p1-e3.adobeaemcloud.com:8443').join()).toContain(
    'add https://author-p1-e3.adobeaemcloud.com:8443 to',
  )
})

test('an origin of the publish tier in AEM_AUTHOR_URLS is named as the one to replace', () => {
  const publish = 'https://publish-p4-e4.adobeaemcloud.com'
  expect(toldOf('author-p4-e4.adobeaemcloud.com', [publish]).join()).toContain(
    `add https://author-p4-e4.adobeaemcloud.com to AEM_AUTHOR_URLS, in place of ${publish}, which is not an author`,
  )
})

test.each([
  'user@author-p1-e9.adobeaemcloud.com',
  'author-p1-e9.adobeaemcloud.com/x',
  'a\nb',
  '',
  42,
  'x'.repeat(9_000),
])('what is no host is told without an origin to add: %j', (host) => {
  const [line = ''] = toldOf(host)
  expect(line).toContain('no host that could be added')
  expect(line).not.toContain('add https://')
  expect(line.length).toBeLessThan(1_000)
})

test('the default origin and allowed ones are told to nobody', () => {
  const call = startCall()
  const hosts = createAuthorHosts([own])
  expect(resolveAuthor(hosts, undefined, call)).toBe(own)
  expect(resolveAuthor(hosts, 'AUTHOR-p1-e1.adobeaemcloud.com', call)).toBe(own)
  expect(call.log).toEqual([])
})

test('floods of odd hosts stop being told at some point', () => {
  const lines = Array.from({ length: 200 }, (_, at) => toldOf(`author-p${at}-e77.example.com`)).flat()
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.length).toBeLessThan(100)
})
