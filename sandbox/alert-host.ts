import type { MovableClock } from './clock'
import { isJsonObject, type JsonObject, parseJson } from './json'
import { type Answer, json, type RecordedRequest, type SandboxServer, startServer } from './server'

/** The hosts that alerts may be sent to, at one address each. */
export type AlertHost = SandboxServer & {
  slackUrl: string
  teamsUrl: string
  /** Takes any JSON. */
  plainUrl: string
  /** The bodies that were taken, oldest first. */
  taken: JsonObject[]
}

const plain = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
})

const SLACK_PATH = '/services/T00000000/B00000000/sandboxSandboxSandbox000'
const TEAMS_PATH = '/workflows/0123456789abcdef/triggers/manual/paths/invoke'
const TEAMS_SIGNATURE = 'sandbox-signature-of-the-workflow'

/** What Slack takes of a message; mrkdwn reads `<...>` as mentions and links (Slack, incoming webhooks, formatting). */
const slackProblem = (body: JsonObject): string | undefined => {
  const { text, blocks, mrkdwn } = body
  if (text === undefined && blocks === undefined) return 'no_text'
  if (text !== undefined && (typeof text !== 'string' || text === '')) return 'no_text'
  if (blocks !== undefined && !Array.isArray(blocks)) return 'invalid_blocks'
  return mrkdwn === undefined || typeof mrkdwn === 'boolean' ? undefined : 'invalid_payload'
}

/** A message with one card, as the template of a workflow reads it (Microsoft Teams, Workflows; Adaptive Cards 1.2). */
const isCardMessage = ({ type, attachments }: JsonObject): boolean => {
  if (type !== 'message' || !Array.isArray(attachments) || attachments.length === 0) return false
  return attachments.every((it) => {
    if (!isJsonObject(it) || it.contentType !== 'application/vnd.microsoft.card.adaptive') return false
    const { content } = it
    return (
      isJsonObject(content) &&
      content.type === 'AdaptiveCard' &&
      typeof content.version === 'string' &&
      Array.isArray(content.body)
    )
  })
}

/**
 * Starts stand-ins of Slack's incoming webhooks, of a workflow of Teams, and of a host that takes any JSON. Each refuses
 * what the real one does, in its words.
 */
export const startAlertHost = async ({ clock }: { clock: MovableClock }): Promise<AlertHost> => {
  const taken: JsonObject[] = []
  const take = (body: JsonObject, answer: Answer): Answer => {
    taken.push(body)
    return answer
  }

  const slack = (body: JsonObject | undefined): Answer => {
    if (body === undefined) return plain(400, 'invalid_payload')
    const problem = slackProblem(body)
    return problem === undefined ? take(body, plain(200, 'ok')) : plain(400, problem)
  }

  const teams = (body: JsonObject | undefined, { query }: RecordedRequest): Answer => {
    if (query.sig !== TEAMS_SIGNATURE)
      return json(401, { error: { code: 'DirectApiAuthorizationRequired', message: 'no signature' } })
    if (body === undefined || !isCardMessage(body))
      return json(400, { error: { code: 'TriggerInputSchemaMismatch', message: 'no adaptive card' } })
    return take(body, { status: 202, headers: {}, body: '' })
  }

  const handle = (request: RecordedRequest): Answer => {
    if (request.method !== 'POST') return json(405, { error: 'Method not allowed' }, { allow: 'POST' })
    const isJson = /^application\/json\b/.test(request.headers['content-type'] ?? '')
    const parsed = isJson ? parseJson(request.body) : undefined
    const body = isJsonObject(parsed) ? parsed : undefined
    if (request.path === SLACK_PATH) return slack(body)
    if (request.path.startsWith('/services/')) return plain(404, 'no_service')
    if (request.path === TEAMS_PATH) return teams(body, request)
    return body === undefined
      ? json(400, { error: 'no JSON object' })
      : take(body, json(200, { taken: true }))
  }

  const server = await startServer({ clock, handle })
  return {
    ...server,
    slackUrl: `${server.url}${SLACK_PATH}`,
    teamsUrl: `${server.url}${TEAMS_PATH}?api-version=1&sig=${TEAMS_SIGNATURE}`,
    plainUrl: `${server.url}/alerts-of-the-bridge`,
    taken,
  }
}
