import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accountFolder, missingHere, type Startup, startDebianServer } from './debian-server'

/** A WebDAV server at work. */
export type WebdavServer = {
  /** Of the folder that files go to, no slash at the end. */
  url: string
  /** The folder of this machine that it stands for. */
  root: string
  close(): Promise<void>
}

const apache = '/usr/sbin/apache2'
const apacheModules = '/usr/lib/apache2/modules'
const lighttpd = '/usr/sbin/lighttpd'
const lighttpdModule = '/usr/lib/lighttpd/mod_webdav.so'
const nginx = '/usr/sbin/nginx'

/** Why one of them cannot be started here; undefined when it can. */
export const missingWebdav = {
  apache: missingHere([apache, `${apacheModules}/mod_dav_fs.so`]),
  lighttpd: missingHere([lighttpd, lighttpdModule]),
  nginx: missingHere([nginx]),
}

/** Starts Apache with mod_dav. */
export const startApache = (): Promise<WebdavServer> =>
  start(async (folder, port, root) => {
    const modules = ['mpm_event', 'authz_core', 'dav', 'dav_fs']
    const lines = [
      ...modules.map((name) => `LoadModule ${name}_module ${apacheModules}/mod_${name}.so`),
      `Listen 127.0.0.1:${port}`,
      'ServerName 127.0.0.1',
      'User nobody',
      'Group nogroup',
      `PidFile ${folder}/run/pid`,
      `ErrorLog ${folder}/run/log`,
      `DefaultRuntimeDir ${folder}/run`,
      `DavLockDB ${folder}/run/lock`,
      `DocumentRoot ${root}`,
      `<Directory ${root}>`,
      'Dav On',
      'Require all granted',
      '</Directory>',
    ]
    return { command: apache, args: ['-X', '-f', await config(folder, lines)] }
  })

/** Starts lighttpd with mod_webdav. */
export const startLighttpd = (): Promise<WebdavServer> =>
  start(async (folder, port, root) => {
    const lines = [
      'server.modules = ("mod_webdav")',
      'server.bind = "127.0.0.1"',
      `server.port = ${port}`,
      `server.document-root = "${root}"`,
      'server.username = "nobody"',
      'server.groupname = "nogroup"',
      `server.errorlog = "${folder}/run/log"`,
      `server.upload-dirs = ("${folder}/run")`,
      'webdav.activate = "enable"',
      'webdav.is-readonly = "disable"',
    ]
    return { command: lighttpd, args: ['-D', '-f', await config(folder, lines)] }
  })

/** Starts nginx with its module for WebDAV, which makes no folder by itself. */
export const startNginx = (): Promise<WebdavServer> =>
  start(async (folder, port, root) => {
    const run = `${folder}/run`
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const lines = [
      'daemon off;',
      'user nobody nogroup;',
      'worker_processes 1;',
      `pid ${run}/pid;`,
      `error_log ${run}/log;`,
      'events { worker_connections 64; }',
      'http {',
      'access_log off;',
      'client_max_body_size 100m;',
      ...places.map((name) => `${name}_temp_path ${run}/${name};`),
      `server { listen 127.0.0.1:${port}; root ${root}; location / { dav_methods PUT DELETE MKCOL; } }`,
      '}',
    ]
    return { command: nginx, args: ['-e', `${run}/log`, '-c', await config(folder, lines)] }
  })

async function start(
  prepare: (folder: string, port: number, root: string) => Promise<Startup>,
): Promise<WebdavServer> {
  let root = ''
  const { port, close } = await startDebianServer(async (folder, port) => {
    root = await accountFolder(folder, 'files')
    await accountFolder(folder, 'run')
    return prepare(folder, port, root)
  })
  return { url: `http://127.0.0.1:${port}`, root, close }
}

async function config(folder: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, 'config')
  await writeFile(path, lines.map((line) => `${line}\n`).join(''))
  return path
}
