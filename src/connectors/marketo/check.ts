import type { CallContext } from '../../core/call-context'
import { type BridgeError, systemicError } from '../../core/errors'
import type { Redactor } from '../../core/redaction'
import type { CheckReport } from '../../plugin/check'
import { goesOn, runCheck } from '../kit/check'
import type { MarketoClient } from './client'
import type { MarketoSettings } from './inputs'

/** What a check looks at. */
export type CheckedMarketo = {
  client: MarketoClient
  settings: MarketoSettings
  redactor: Redactor
  /** Looks for a file that nobody has. */
  find(): Promise<unknown>
}

/**
 * Gets a token, and reads the folder and files. It writes nothing: Marketo has no call that deletes a file.
 * Folders: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/assets/folders
 */
export function checkMarketo(
  { client, settings, redactor, find }: CheckedMarketo,
  call: CallContext,
): Promise<CheckReport> {
  const { inputs, folderId } = settings
  const hint = `check ${inputs}_URL, and that the instance may be reached from here`

  return runCheck({ hint, redactor }, call, async ({ step, skip }) => {
    const folder = await step(
      { what: `Log in, and read the folder ${folderId}.`, right: 'read' },
      async () => {
        const found = await client.ask(`/rest/asset/v1/folder/${folderId}.json?type=Folder`, call)
        if (found.length === 0) throw noFolder(inputs)
      },
    )
    if (!goesOn(folder) && folder.code !== folderUnusable) return
    if (!goesOn(await step({ what: 'Look for a file that is not there.', right: 'read' }, find))) return
    skip(
      'Write a file.',
      'Marketo deletes no file, so it would stay. The API-only user needs a role with "Read-Write Assets".',
    )
  })
}

const folderUnusable = 'MARKETO_FOLDER_UNUSABLE'

const noFolder = (inputs: string): BridgeError =>
  systemicError(
    'MARKETO_FOLDER_UNUSABLE',
    `Marketo shows no such folder: set ${inputs}_FOLDER_ID to one of Design Studio's, in a workspace of the API-only user`,
    { upstream: 'MARKETO' },
  )
