import type { CallContext } from '../../../core/call-context'
import { type DestinationFactory, named } from '../../../plugin/destination'
import { isSet, prefixed } from '../../../plugin/inputs'
import { type OwnNameForm, ownNames } from '../hidden-names'
import { treeDestination } from '../tree-destination'
import { createTrigger, type TriggerName } from '../trigger'
import { createConnector } from './connector'
import { readSftpSettings, sftpInputs } from './inputs'
import { createSftpPool } from './pool'
import { sftpSession } from './session'
import { type SftpServer, sftpTree } from './tree'

/** An SFTP server. */
export type SftpOptions = {
  /** What assets call it: the key in config/destinations.ts. @default the key */
  name?: string
  /** Written after each file, for a receiver that waits for it: `*.done` beside the file, or one name for all. @default none */
  trigger?: TriggerName
  /** Begin of the inputs' names: `SFTP` for `SFTP_URL` and its like. A second server needs its own. @default 'SFTP' */
  inputs?: string
  /** At once from one container. Some servers allow a user one only. @default 2 */
  connections?: 1 | 2
  /**
   * What the app calls its own files beside yours, until they are published and for their versions: `hidden` is
   * `.lamp.png.version`, `visible` is `lamp.png.bridge-version`, for servers that refuse names with a dot in front.
   * @default 'hidden'
   */
  ownNames?: OwnNameForm
  /**
   * Writes a file under its own name from the first byte, for a user who may not rename. Whoever looks meanwhile finds a
   * part of it, also after an upload that broke off.
   * @default false
   */
  inPlace?: boolean
  /** How long the server may answer nothing before the connection is given up, in milliseconds. @default 60000 */
  idleMs?: number
}

const longestPingMs = 3_000

/** Creates the `sftp` destination. */
export const sftp = ({
  name,
  trigger,
  inputs = 'SFTP',
  connections = 2,
  ownNames: form = 'hidden',
  inPlace = false,
  idleMs = 60_000,
}: SftpOptions = {}): DestinationFactory => ({
  ...named({ name }),
  inputs: prefixed(inputs, sftpInputs),
  docs: 'docs/connectors/sftp.md',
  isOn: (context) => isSet(sftpInputs, 'URL', context, inputs),
  create: (context) => {
    const settings = readSftpSettings(inputs, context)
    const { clock, random } = context
    const rules = { inputs, idleMs, clock, random }
    const pingMs = Math.min(longestPingMs, idleMs)
    const pool = createSftpPool(createConnector(settings, rules), { connections, clock, pingMs })
    let warned = false
    const folders = new Set<string>()
    const names = ownNames(form)
    const known = {}
    const serverFor = ({ logger }: CallContext): SftpServer => ({
      root: settings.root,
      inputs,
      folders,
      names,
      clock,
      known,
      warnOfGap: () => {
        if (warned) return
        warned = true
        logger.warn(
          'the SFTP server cannot rename over a file: whoever looks while one is replaced finds none for a moment',
        )
      },
    })
    return treeDestination(
      context.name,
      (call, work) =>
        pool(call.signal, (connection) => work(sftpTree(sftpSession(connection), serverFor(call)))),
      {
        trigger: trigger === undefined ? undefined : createTrigger(trigger, { names, inPlace }),
        redactor: context.redactor,
        root: `${inputs}_URL`,
        hint: `check ${inputs}_URL, and that the server may be reached from here`,
        logsIn: true,
        names,
        inPlace,
        clock,
      },
    )
  },
})
