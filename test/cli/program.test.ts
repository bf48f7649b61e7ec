import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bin, version } from '../../package.json'
import { root } from '../../scripts/command'
import { createBridge } from '../support/bridge'
import { createCommands } from '../support/commands'
import { type Receiver, startReceiver } from '../support/receiver'

const execute = promisify(execFile)

/** Every command, with arguments that it takes. */
const commandLines = [
  ['asset', '/content/dam/none.png'],
  ['enrich', '/content/dam/none.png', '--dry-run'],
  ['export', '/content/dam/none.png', '--dry-run'],
  ['backfill', 'enrich', '--dry-run'],
  ['backfill', 'export', '--dry-run'],
  ['backfill', 'both', '--dry-run'],
  ['backfill', 'status'],
  ['backfill', 'pause'],
  ['backfill', 'cancel'],
  ['backfill', 'resume'],
  ['plan', 'enrich', '--folder', '/content/dam/none', '--out', '/nowhere/plan.jsonl'],
  ['plan', 'export', '--folder', '/content/dam/none', '--out', '/nowhere/plan.jsonl'],
  ['apply', '/nowhere/plan.jsonl'],
  ['undo', '/nowhere/plan.jsonl.report.jsonl'],
  ['verify', 'folder'],
  ['dashboard'],
  ['doctor'],
  ['dead-letters', 'list'],
  ['dead-letters', 'show', '0'.repeat(32)],
  ['dead-letters', 'replay', '--all'],
  ['dead-letters', 'drop', '--all', '--yes'],
  ['pending', 'list'],
  ['pending', 'run', '--all'],
  ['runs', 'list'],
  ['journal', 'peek'],
  ['journal', 'lag'],
  ['logs', '/content/dam/none.png'],
  ['lease', 'show'],
  ['lease', 'unlock', 'reconcile', '--yes'],
  ['registrations', 'list'],
  ['events', 'status'],
  ['events', 'enable', '--all'],
  ['alerts', 'list'],
  ['alerts', 'test'],
  ['akeneo', 'subscribe', '--url', 'https://example.com/hook'],
  ['akeneo', 'status'],
  ['akeneo', 'logs'],
  ['akeneo', 'suspend', '--yes'],
  ['akeneo', 'delete', '--yes'],
  [
    'setup',
    '--env',
    'stage',
    '--aem',
    'http://127.0.0.1',
    '--pim',
    'mock',
    '--destination',
    'none',
    '--dry-run',
  ],
