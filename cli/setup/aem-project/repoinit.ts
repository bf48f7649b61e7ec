/** The group that AEM makes of the product profile, and that the technical account is in. */
export const serviceGroup = 'AEM Assets Collaborator Users - Service'

/**
 * What the app needs on a folder. Adobe's example for this API grants `crx:replicate` as well: that is the right to
 * publish, and the app publishes nothing.
 */
export const rights = ['jcr:read', 'jcr:versionManagement', 'rep:write'] as const

/** All that a path may consist of: repoinit has no quotes for one. Source: `PATH_STRING` in the grammar of Sling's repoinit. */
const path = /^\/[A-Za-z0-9\-_.@:+/]*$/

/** Whether repoinit can name the folder. */
export const isExpressible = (folder: string): boolean => path.test(folder)

/** The outermost of the folders, in order: rights hold for all below. */
export const outermost = (folders: readonly string[]): readonly string[] =>
  [...new Set(folders)]
    .toSorted()
    .filter((folder, _, all) => !all.some((other) => other !== folder && folder.startsWith(`${other}/`)))

/**
 * An OSGi configuration with the script that grants the rights. A folder that is not there yet is made: the script would
 * fail at it, and the deployment with it.
 * @param folders each is expressible
 */
export function repoinit(folders: readonly string[]): string {
  const made = folders.filter((folder) => folder !== '/content/dam')
  const scripts =
    folders.length === 0
      ? []
      : [
          ...made.map((folder) => `create path (sling:Folder) ${folder}`),
          [
            `set ACL for "${serviceGroup}" (ACLOptions=ignoreMissingPrincipal)`,
            ...folders.map((folder) => `  allow ${rights.join(',')} on ${folder}`),
            'end',
          ].join('\n'),
        ]
  return `${JSON.stringify({ scripts }, null, 2)}\n`
}

export const repoinitName = 'org.apache.sling.jcr.repoinit.RepositoryInitializer~asset-bridge.cfg.json'
