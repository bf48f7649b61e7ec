/**
 * Keys as `safeKey` lets them through, and harder ones. Within a group none may collide with another. Groups are apart
 * so that a server that cannot hold one of them can be excused from that one only.
 */
export const oddNames: Readonly<Record<string, readonly string[]>> = {
  spaces: ['odd/a b.png', 'odd/a  b.png', 'odd/a+b.png', 'odd/a%20b.png', 'odd/ a.png'],
  'percent and slashes': [
    'odd/c%2Fd.png',
    'odd/c/d.png',
    'odd/c%252Fd.png',
    'odd/100%.png',
    'odd/%zz.png',
    'odd/%00.png',
  ],
  'marks of a URL': [
    'odd/e#f.png',
    'odd/e',
    'odd/g&h=i.png',
    'odd/j;k.png',
    'odd/l,m@n.png',
    'odd/o~p!$.png',
    'odd/q[1]{2}(3).png',
  ],
  'question marks': ['odd/r?s.png', 'odd/r', 'odd/r?s=t#u.png'],
  quotes: ["odd/it's.png", 'odd/say "hi".png', 'odd/`v`.png'],
  unicode: [
    'odd/Lampe für Süßes.png',
    'odd/ランプ.png',
    'odd/лампа/свет.png',
    'odd/💡.png',
    'odd/مصباح.png',
    'odd/ﬁ.png',
    'odd/fi.png',
  ],
  'upper and lower case':
    process.platform === 'linux' ? ['odd/W.png', 'odd/w.png', 'odd/W.PNG'] : ['odd/W.png'],
  'dots and dashes': [
    'odd/x.y.z',
    'odd/x',
    'odd/x..png',
    'odd/-rf',
    'odd/--',
    'odd/x.png.json',
    'odd/x.version',
    'odd/x.png',
  ],
  'long names': [`odd/${'n'.repeat(200)}.png`, `odd/${'n'.repeat(199)}o.png`, `odd/${'ü'.repeat(100)}.png`],
  'deep folders': [`odd/${'deep/'.repeat(40)}p.png`, `odd/${'deep/'.repeat(39)}p.png`],
}
