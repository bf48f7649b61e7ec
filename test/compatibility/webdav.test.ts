import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { missingRclone, startRcloneWebdav } from '../../sandbox/targets/rclone'
import { listBelow, readBelow } from '../../sandbox/targets/ssh-server'
import {
  missingWebdav,
  startApache,
  startLighttpd,
  startNginx,
  type WebdavServer,
} from '../../sandbox/targets/webdav'
import { type HttpsOptions, https } from '../../src/connectors/https/destination'
import { contextOf } from '../connectors/kit/destination-context'
import { fakeBinary } from '../connectors/kit/fake-binary'
import { startCall } from '../support/call'
import { describeWhere } from '../support/describe-where'

const never = startCall()
const servers: readonly [string, string | undefined, () => Promise<WebdavServer>][] = [
  ['Apache with mod_dav', missingWebdav.apache, startApache],
  ['lighttpd with mod_webdav', missingWebdav.lighttpd, startLighttpd],
  ['nginx with its WebDAV module', missingWebdav.nginx, startNginx],
  ['rclone serve webdav', missingRclone, startRcloneWebdav],
]

for (const [name, missing, start] of servers) {
  describeWhere(`WebDAV: ${name}`, missing, () => testsOf(start))
}

function testsOf(start: () => Promise<WebdavServer>): void {
  let server: WebdavServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.close())

  const make = (options: HttpsOptions = {}) =>
    https({ remove: true, ...options }).create(contextOf({ HTTPS_URL: `${server.url}/{key}` }))

  it('takes files into folders that the app makes, and goes on when somebody removes them', async () => {
    const destination = make({ makeFolders: true })
    const [first, second] = [fakeBinary({ size: 3_000 }), fakeBinary({ size: 100_000, seed: 2 })]
    await destination.put('shop/new arrivals/ä/lamp.png', first, {}, never)
    await destination.put('shop/new arrivals/ä/lamp.png', second, {}, never)
    expect(await readBelow(server.root, 'shop/new arrivals/ä/lamp.png')).toEqual(second.bytes())
    await Promise.all(
      [1, 2, 3, 4].map((seed) =>
        destination.put(`at/once/${seed}.png`, fakeBinary({ size: 10, seed }), {}, never),
      ),
    )
    await rm(join(server.root, 'shop'), { recursive: true })
    await destination.put('shop/new arrivals/ä/lamp.png', first, {}, never)
    expect(await readBelow(server.root, 'shop/new arrivals/ä/lamp.png')).toEqual(first.bytes())
    await destination.remove?.('shop/new arrivals/ä/lamp.png', never)
    expect((await listBelow(server.root)).sort()).toEqual(
      [1, 2, 3, 4].map((seed) => join('at', 'once', `${seed}.png`)),
    )
  })

  it('without folders made, no file is to blame for them', async () => {
    for (const key of ['none/a.png', 'none/b.png']) {
      const work = make().put(key, fakeBinary({ size: 10 }), {}, never)
      await expect(work).rejects.toMatchObject({ failureClass: expect.not.stringContaining('permanent') })
    }
    await make().put('flat.png', fakeBinary({ size: 10 }), {}, never)
    expect(await listBelow(server.root)).toContain('flat.png')
  })

  it('passes the check', async () => {
    const report = await make({ makeFolders: true }).check(never)
    expect(report.filter(({ ok }) => !ok)).toEqual([])
  })
}
