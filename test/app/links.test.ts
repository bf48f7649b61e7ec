import { pageOf } from '../../scripts/check/links'

test('links and anchors of a page are those that GitHub makes of it', () => {
  const fence = '```'
  const page = [
    '# The `s3` destination',
    '[one](docs/a.md#b) and ![two](b.png), not `[three](c.md)`',
    '## Set up',
    '## Set up',
    '### What *it* does: `put`, and more?',
    fence,
    '[four](d.md)',
    '# no heading',
    fence,
    '<img src="e.svg"> and <a id="here"></a>',
  ].join('\n\n')

  expect(pageOf(page)).toEqual({
    links: ['docs/a.md#b', 'b.png', 'e.svg'],
    anchors: new Set(['the-s3-destination', 'set-up', 'set-up-1', 'what-it-does-put-and-more', 'here']),
  })
})
