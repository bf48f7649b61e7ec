'use strict'
/*
 * The inside of a container: what Apache OpenWhisk's Node runtime does between the invoker and an action
 * (openwhisk-runtime-nodejs, service.js and runner.js). Plain JavaScript, so that it starts as fast as the
 * real one.
 *
 * POST /init { value: { main, code, env } } loads the action; `code` is a folder with an index.js instead of
 * a zip.
 * POST /run  { value, activation_id, deadline, ... } runs it.
 * File descriptor 3 tells the host the port, and its end tells this process that the host is gone.
 */
const { createServer } = require('node:http')
const { Socket } = require('node:net')
const path = require('node:path')

const concurrent = process.env.__OW_ALLOW_CONCURRENT === 'true'
let status = 'ready'
let action

const setStatus = (next) => {
  if (status !== 'stopped') status = next
}

const writeMarkers = () => {
  console.log('XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX')
  console.error('XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX')
}

/** What the package serialize-error makes of a rejection, as far as it matters. */
const serializeError = (error, seen = new Set()) => {
  if (typeof error === 'function') return `[Function: ${error.name || 'anonymous'}]`
  if (typeof error !== 'object' || error === null) return error
  if (seen.has(error)) return '[Circular]'
  seen.add(error)
  const names = Object.keys(error)
  if (error instanceof Error) names.push('name', 'message', 'stack', 'code', 'cause')
  const copy = {}
  for (const name of new Set(names)) {
    if (error[name] !== undefined) copy[name] = serializeError(error[name], seen)
  }
  return copy
}

const init = ({ value = {} }) => {
  if (action !== undefined) return [403, { error: 'Cannot initialize the action more than once.' }]
  if (status !== 'ready') return [403, { error: `System not ready, status is ${status}.` }]
  if (typeof value.main !== 'string' || typeof value.code !== 'string') {
    return [403, { error: 'Missing main/no code to execute.' }]
  }
  for (const [name, it] of Object.entries(value.env ?? {})) process.env[name] = it ? String(it) : ''
  try {
    process.chdir(value.code)
    const handler = require(path.join(value.code, 'index.js'))[value.main]
    if (typeof handler !== 'function') throw `Action entrypoint '${value.main}' is not a function.`
    action = handler
    return [200, { OK: true }]
  } catch (error) {
    console.error('Error during initialization:', error)
    writeMarkers()
    setStatus('stopped')
    return [502, { error: `Initialization has failed due to: ${error?.stack ?? error}` }]
  }
}

const settle = async (promise) => {
  try {
    return await promise
  } catch (error) {
    return { error: error ? serializeError(error) : {} }
  }
}

const run = async (message) => {
  if (action === undefined) return [403, { error: 'System not initialized.' }]
  if (status !== 'ready') return [403, { error: `System not ready, status is ${status}.` }]
  if (!concurrent) setStatus('running')
  // one process.env for all activations in this container: what is read after an await may be another one's
  for (const [name, it] of Object.entries(message)) {
    if (typeof it === 'string' && name !== 'value') process.env[`__OW_${name.toUpperCase()}`] = it
  }
  let pending
  try {
    pending = action(message.value ?? {})
  } catch (error) {
    console.error(error)
    writeMarkers()
    setStatus('stopped')
    return [502, { error: `An error has occurred: ${error}` }]
  }
  const result = await settle(pending)
  if (!concurrent) setStatus('ready')
  if (result !== undefined && typeof result !== 'object') {
    console.error(`Result must be of type object but has type "${typeof result}":`, result)
    writeMarkers()
    return [502, { error: 'The action did not return a dictionary.' }]
  }
  writeMarkers()
  return [200, result === undefined ? {} : result]
}

const bodyOf = async (request) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

const answer = (response, code, value) => {
  let text
  try {
    text = JSON.stringify(value)
  } catch {
    code = 500
    text = JSON.stringify({ error: 'Internal error.' })
  }
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

const server = createServer((request, response) => {
  const known = request.method === 'POST' && { '/init': init, '/run': run }[request.url]
  if (!known) return answer(response, 500, { error: 'Bad request.' })
  bodyOf(request).then(
    async (body) => answer(response, ...(await known(body))),
    () => answer(response, 500, { error: 'Bad request.' }),
  )
})
// an activation may last for hours
server.requestTimeout = 0
server.keepAliveTimeout = 0

server.listen(0, '127.0.0.1', () => {
  const host = new Socket({ fd: 3, readable: true, writable: true })
  host.on('close', () => process.exit(0))
  host.on('error', () => process.exit(0))
  host.resume()
  host.write(`${server.address().port}\n`)
})
