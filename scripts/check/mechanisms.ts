import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../command'
import type { Step } from './step'

/** A thing that one file, or a few with a reason, may do. */
type Mechanism = {
  /** As the message calls it. */
  name: string
  /** Where it belongs: what to use instead of a second one. */
  home: string
  /** Files of src/ that may, each with its reason. A path that ends with `/` is a folder. */
  allowed: Readonly<Record<string, string>>
  /** Tells whether a node is one. */
  finds(node: ts.Node): boolean
}

const isCallOf = (node: ts.Node, names: ReadonlySet<string>): boolean =>
  ts.isCallExpression(node) && ts.isIdentifier(node.expression) && names.has(node.expression.text)

const isMemberCall = (node: ts.Node, object: string | undefined, member: string): boolean =>
  ts.isCallExpression(node) &&
  ts.isPropertyAccessExpression(node.expression) &&
  node.expression.name.text === member &&
  (object === undefined ||
    (ts.isIdentifier(node.expression.expression) && node.expression.expression.text === object))

const timers = new Set(['setTimeout', 'setInterval', 'setImmediate'])
const passing = new Set(['408', '425', '429', '502', '503', '504'])

/** `node:timers/promises` has the same by another name. */
const isTimerImport = (node: ts.Node): boolean =>
  ts.isImportDeclaration(node) &&
  ts.isStringLiteral(node.moduleSpecifier) &&
  /^(node:)?timers(\/promises)?$/.test(node.moduleSpecifier.text)

/** `for (let attempt = 1; ; attempt++)` and its like. */
function isAttemptLoop(node: ts.Node): boolean {
  if (!ts.isForStatement(node) || node.initializer === undefined) return false
  if (!ts.isVariableDeclarationList(node.initializer)) return false
  return node.initializer.declarations.some(
    ({ name }) =>
      ts.isIdentifier(name) && /^(attempt|round|retry|retries|try|tries|tried)s?$/i.test(name.text),
  )
}

/** A loop that catches an error inside and goes on after it: whatever its counter is called. */
function isCatchingLoop(node: ts.Node): boolean {
  const isLoop = ts.isForStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)
  return (
    isLoop && contains(node.statement, (inner) => ts.isTryStatement(inner) && inner.catchClause !== undefined)
  )
}

function contains(node: ts.Node, finds: (inner: ts.Node) => boolean): boolean {
  if (finds(node)) return true
  // A function inside is not run by the loop itself.
  if (ts.isFunctionLike(node)) return false
  return ts.forEachChild(node, (child) => contains(child, finds) || undefined) ?? false
}

/** Statuses that may pass, two or more in one expression, or all from 500 on. One alone is a predicate's own business. */
function isPassingList(node: ts.Node): boolean {
  if (ts.isBinaryExpression(node) && node.right.getText() === '500')
    return node.operatorToken.kind === ts.SyntaxKind.GreaterThanEqualsToken
  const isWhole =
    ts.isArrayLiteralExpression(node) || (ts.isBinaryExpression(node) && !ts.isBinaryExpression(node.parent))
  if (!isWhole) return false
  const found = new Set<string>()
  const visit = (inner: ts.Node): void => {
    if (ts.isNumericLiteral(inner) && passing.has(inner.text)) found.add(inner.text)
    ts.forEachChild(inner, visit)
  }
  visit(node)
  return found.size > 1
}

/** When something held runs out: a cache of tokens, or its like. */
const isExpiry = (node: ts.Node): boolean =>
  ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && /^expire(s|d|sAt)?$/.test(node.name.text)

/** What exists once. An exception says why it is none of the kind. */
const mechanisms: readonly Mechanism[] = [
  {
    name: 'a timer',
    home: 'the Clock that is handed in, or startAttempt of src/core/attempt.ts',
    allowed: {
      'src/core/clock.ts': 'the clock itself',
      'src/core/attempt.ts': "an attempt's own time",
      'src/http/timer.ts': 'idle times of connections',
      'src/aem/binary/pump.ts': 'a turn of the event loop, no wait',
    },
    finds: (node) => isCallOf(node, timers) || isTimerImport(node),
  },
  {
    name: "the machine's own time or chance",
    home: 'the Clock and the random that are handed in',
    allowed: {
      'src/core/clock.ts': 'the clock and the chance that are handed in',
    },
    finds: (node) =>
      isMemberCall(node, 'Date', 'now') ||
      isMemberCall(node, 'Math', 'random') ||
      (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length),
  },
  {
    name: 'a wait',
    home: 'retry of src/http/retry.ts',
    allowed: {
      'src/http/retry.ts': 'the wait before a repetition',
      'src/http/call-limiter.ts': 'until the service allows another call',
      'src/delivery/lease.ts': "until another run's write would be seen",
      'src/flows/update-metadata.ts':
        'If-Match: reads and decides anew, which is no repetition of the same request',
      'src/flows/sync/batch-window.ts': 'the window of a batch',
      'src/flows/run/run-batch.ts': 'the end of a run',
      'src/flows/run/finish-run.ts': 'the end of a run',
      'src/flows/run/remote-lane.ts': 'a lane that got no answer lets the others work',
      'src/runtime/supervised-run.ts': 'renews the lease while a run lasts',
    },
    finds: (node) => isMemberCall(node, undefined, 'sleep'),
  },
  {
    name: 'a retry loop',
    home: 'retry of src/http/retry.ts',
    allowed: {
      'src/http/retry.ts': 'the loop itself',
      'src/http/tokens.ts': 'one more token after a 401',
      'src/flows/update-metadata.ts': 'If-Match: reads and decides anew after each 412',
      'src/flows/enrich/write-back.ts': 'reads the asset anew after each write to the PIM',
      'src/flows/export/export-asset.ts': 'an asset that moved while it was uploaded is a new upload',
      'src/connectors/kit/blocks.ts': 'one block after the other; a failure ends it',
      'src/connectors/akeneo/catalogue/batches.ts': 'smaller pages after one that is too large',
      'src/connectors/akeneo/media/products.ts': 'reads the collection anew after each write of others',
      'src/runtime/supervised-run.ts': 'renews the lease while a run lasts',
    },
    finds: (node) => isAttemptLoop(node) || isCatchingLoop(node),
  },
  {
    name: 'a list of the statuses that may pass',
    home: 'mayPassStatus of src/http/status.ts',
    allowed: {
      'src/http/status.ts': 'the list itself',
    },
    finds: isPassingList,
  },
  {
    name: 'a cache of tokens',
    home: 'createTokens of src/http/tokens.ts',
    allowed: {
      'src/http/tokens.ts': 'the cache itself',
    },
    finds: isExpiry,
  },
]

/** Each mechanism has one home: a second retry loop, timer, list of statuses or token cache fails the check. */
export const oneMechanism: Step = {
  name: 'mechanisms',
  run: async () => {
    const wrong = await secondMechanisms(root)
    return wrong === '' ? undefined : wrong
  },
}

/**
 * The places in src/ that do by themselves what exists already, one a line; and exceptions that nothing needs.
 * @param tree a folder laid out as the repository is
 */
export async function secondMechanisms(tree: string): Promise<string> {
  const files = (await readdir(join(tree, 'src'), { recursive: true }))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file))
    .sort()
  const used = new Set<string>()
  const found = await Promise.all(
    files.map(async (file) => placesIn(file, await readFile(join(tree, file), 'utf8'), used)),
  )
  const unused = mechanisms.flatMap(({ name, allowed }) =>
    Object.keys(allowed)
      .filter((path) => !used.has(`${name} ${path}`))
      .map((path) => `${path} holds no longer ${name}: take it out of scripts/check/mechanisms.ts`),
  )
  return [...found.flat(), ...(tree === root ? unused : [])].join('\n')
}

function placesIn(file: string, text: string, used: Set<string>): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const places: string[] = []
  const visit = (node: ts.Node): void => {
    for (const mechanism of mechanisms) {
      if (!mechanism.finds(node)) continue
      const path = Object.keys(mechanism.allowed).find(
        (allowed) => file === allowed || (allowed.endsWith('/') && file.startsWith(allowed)),
      )
      if (path !== undefined) {
        used.add(`${mechanism.name} ${path}`)
        continue
      }
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      places.push(`${file}:${line + 1} holds ${mechanism.name}; use ${mechanism.home}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return places
}
