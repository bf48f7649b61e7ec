import { authorForEachTest } from './author'

const author = authorForEachTest()
const { start, send, metadata, patch, now } = author

describe('writing', () => {
  it('carries out a patch, answers the new metadata, and moves the ETag', async () => {
    const before = await send(metadata())
    const ops = [
      { op: 'add', path: '/wknd-skuid', value: 'S1' },
      { op: 'replace', path: '/dc:title', value: 'New' },
      { op: 'remove', path: '/nested' },
    ]
    const done = await patch(ops, { 'if-match': before.etag ?? '' })
    expect(done).toMatchObject({
      status: 200,
      body: { assetMetadata: { 'wknd-skuid': 'S1', 'dc:title': 'New', 'dc:subject': ['a', 'b'] } },
    })
    expect(done.etag).not.toBe(before.etag)
    expect(await send(metadata())).toEqual(done)
  })

  it('moves the ETag at each write, even when the content comes back', async () => {
    const tags = new Set([author.asset.etag])
    for (const value of ['x', 'Chair', 'Chair']) {
      tags.add((await patch([{ op: 'replace', path: '/dc:title', value }])).etag ?? '')
    }
    expect(tags.size).toBe(4)
  })

  it('demands the media type, a condition, and that it holds', async () => {
    expect((await patch([], { 'content-type': 'application/json' })).status).toBe(415)
    const headers = { 'content-type': 'application/json-patch+json; charset=utf-8' }
    const unconditional = { method: 'PATCH', body: '[]', headers }
    expect((await send(metadata(), unconditional)).status).toBe(428)
    author.aem.settings.missingIfMatch = 400
    expect((await send(metadata(), unconditional)).status).toBe(400)
    expect((await patch([], { 'if-match': '"old"' })).status).toBe(412)
    expect((await patch([], { 'if-match': `W/${author.asset.etag}` })).status).toBe(412)
    expect(await patch([])).toMatchObject({ status: 200, etag: author.asset.etag })
  })

  it('lets a test lose the race', async () => {
    author.aem.onBeforePatch = ({ id }) => {
      author.aem.onBeforePatch = undefined
      author.aem.edit(id, (it) => {
        it.assetMetadata['dc:title'] = 'Foreign'
      })
    }
    const ops = [{ op: 'replace', path: '/dc:title', value: 'Ours' }]
    expect((await patch(ops, { 'if-match': author.asset.etag })).status).toBe(412)
    expect(now()['dc:title']).toBe('Foreign')
    expect((await patch(ops, { 'if-match': author.aem.asset(author.asset.id).etag })).status).toBe(200)
  })

  it('writes all or nothing', async () => {
    const ops = [
      { op: 'add', path: '/a', value: 1 },
      { op: 'add', path: '/dam:sha1', value: 'x' },
    ]
    expect((await patch(ops)).body.detail).toBe('Property "/dam:sha1" is read-only')
    expect(author.aem.asset(author.asset.id).etag).toBe(author.asset.etag)
  })

  it.each([
    ['no JSON', 'nonsense'],
    ['no array', { op: 'add' }],
    ['no operation', ['add']],
    ['no path', [{ op: 'add', value: 1 }]],
    ['a merge body', { assetMetadata: { a: 1 } }],
    ['an unknown operation', [{ op: 'set', path: '/a', value: 1 }]],
    ['a move', [{ op: 'move', path: '/a', from: '/dc:title' }]],
    ['no value', [{ op: 'add', path: '/a' }]],
    ['null', [{ op: 'add', path: '/a', value: null }]],
    ['null in a list', [{ op: 'add', path: '/a', value: ['x', null] }]],
    ['a mixed list', [{ op: 'add', path: '/a', value: ['x', 1] }]],
    ['a list of lists', [{ op: 'add', path: '/a', value: [['x']] }]],
    ['add of what exists', [{ op: 'add', path: '/dc:title', value: 'x' }]],
    ['replace of what is absent', [{ op: 'replace', path: '/a', value: 'x' }]],
    ['remove of what is absent', [{ op: 'remove', path: '/a' }]],
    ['a lone tilde', [{ op: 'add', path: '/a~b', value: 1 }]],
    ['a slash that is not escaped', [{ op: 'add', path: '/a/b', value: 1 }]],
    ['an empty path', [{ op: 'add', path: '', value: 1 }]],
    ['an empty name', [{ op: 'add', path: '/', value: 1 }]],
    ['a prototype', [{ op: 'add', path: '/__proto__', value: { x: 1 } }]],
    ['repository metadata', [{ op: 'replace', path: '/repositoryMetadata/repo:name', value: 'x' }]],
    ['repository metadata, bare', [{ op: 'replace', path: 'repositoryMetadata/repo:name', value: 'x' }]],
    ['a property of the repository', [{ op: 'add', path: '/jcr:uuid', value: 'x' }]],
    ['an unregistered namespace', [{ op: 'add', path: '/acme:sku', value: 'x' }]],
    ['a path into a plain value', [{ op: 'add', path: '/dc:title/x', value: 'x' }]],
    ['a place outside a list', [{ op: 'replace', path: '/dc:subject/2', value: 'x' }]],
  ])('refuses %s with 400 and says why', async (_, ops) => {
    expect(await patch(ops)).toMatchObject({
      status: 400,
      type: 'application/problem+json',
      body: { detail: expect.stringMatching(/.{10}/) },
    })
    expect(author.aem.asset(author.asset.id).etag).toBe(author.asset.etag)
  })

  it('takes what is escaped, nested, or in a list', async () => {
    const ops = [
      { op: 'add', path: '/a~1b~0c', value: [true, false] },
      { op: 'add', path: '/nested/more', value: [{ a: 1 }, { a: 2 }] },
      { op: 'test', path: '/dc:title', value: 'Chair' },
      { op: 'add', path: '/dc:subject/-', value: 'c' },
      { op: 'remove', path: '/dc:subject/0' },
    ]
    expect((await patch(ops)).status).toBe(200)
    expect(now()).toEqual({
      'dc:title': 'Chair',
      'dc:subject': ['b', 'c'],
      nested: { deep: 1, more: [{ a: 1 }, { a: 2 }] },
      'a/b~c': [true, false],
    })
    expect((await patch([{ op: 'test', path: '/dc:title', value: 'Other' }])).status).toBe(409)
  })

  it('may let add replace, and any namespace in', async () => {
    await start({ addExisting: 'replace', namespaces: 'any' })
    const ops = [
      { op: 'add', path: '/dc:title', value: 'x' },
      { op: 'add', path: '/acme:sku', value: 'y' },
    ]
    expect((await patch(ops)).status).toBe(200)
    expect(now()).toMatchObject({ 'dc:title': 'x', 'acme:sku': 'y' })
  })
})

describe('the style of paths', () => {
  const paths = { short: '/sku', full: '/assetMetadata/sku', bare: 'sku' } as const
  const styles = ['short', 'full', 'bare'] as const

  it.each(styles.flatMap((pathStyle) => styles.map((used) => [pathStyle, used] as const)))(
    'where it is %s, %s is taken or refused',
    async (pathStyle, used) => {
      await start({ pathStyle })
      const answer = await patch([{ op: 'add', path: paths[used], value: 'x' }])
      expect(answer.status).toBe(pathStyle === used ? 200 : 400)
      if (answer.status === 400) expect(answer.body.detail).toContain(`"${paths[used]}"`)
      expect(now().sku).toBe(pathStyle === used ? 'x' : undefined)
    },
  )

  it('may be any', async () => {
    await start({ pathStyle: 'any' })
    for (const style of styles) {
      expect((await patch([{ op: 'add', path: `${paths[style]}-${style}`, value: 'x' }])).status).toBe(200)
    }
    expect(now()).toMatchObject({ 'sku-short': 'x', 'sku-full': 'x', 'sku-bare': 'x' })
  })

  it('may be taken and silently ignored', async () => {
    await start({ pathStyle: 'bare', ignoresStyle: 'short' })
    const { etag } = author.asset
    expect(await patch([{ op: 'add', path: paths.short, value: 'x' }])).toMatchObject({ status: 200, etag })
    expect(now().sku).toBeUndefined()
    expect((await patch([{ op: 'add', path: paths.bare, value: 'x' }])).status).toBe(200)
    expect(now().sku).toBe('x')
  })
})

it('takes a property that its schema drops, and keeps the others', async () => {
  await start({ pathStyle: 'short', dropped: ['lost'] })
  const both = ['lost', 'kept'].map((name) => ({ op: 'add', path: `/${name}`, value: 'x' }))
  expect((await patch(both)).status).toBe(200)
  expect(now()).toMatchObject({ kept: 'x' })
  expect(now()).not.toHaveProperty('lost')
})
