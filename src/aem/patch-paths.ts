/**
 * How a property is named in a JSON Patch of the Assets Author API. Public sources disagree:
 * `short` is `/dc:title`, `full` is `/assetMetadata/dc:title`, `bare` is `dc:title`.
 */
export type PatchPathStyle = 'short' | 'full' | 'bare'

/** `auto` detects which style an author takes, and caches it. */
export type PatchPathMode = 'auto' | PatchPathStyle

/** What is known about the styles that each author takes. */
export type PatchPathStyles = {
  /** The styles to try for this origin, best first. */
  candidates(origin: string): readonly PatchPathStyle[]
  /** Whether a success of this style has still to be confirmed by reading the asset back. */
  needsProof(origin: string, style: PatchPathStyle): boolean
  /** The style works there. */
  remember(origin: string, style: PatchPathStyle): void
  /** The author accepted the style but wrote nothing: it becomes the last choice. */
  demote(origin: string, style: PatchPathStyle): void
}

const inOrder: readonly PatchPathStyle[] = ['short', 'full', 'bare']

/** The path of a property in a style; the styles with a slash are JSON Pointers (RFC 6901). */
export function patchPath(style: PatchPathStyle, property: string): string {
  if (style === 'bare') return property
  const escaped = property.replaceAll('~', '~0').replaceAll('/', '~1')
  return style === 'short' ? `/${escaped}` : `/assetMetadata/${escaped}`
}

/** Creates the cache of a container. A fixed mode tries only that style, without confirmation. */
export function createPatchPathStyles(mode: PatchPathMode): PatchPathStyles {
  const ordered = new Map<string, readonly PatchPathStyle[]>()
  const proven = new Map<string, PatchPathStyle>()
  const candidates = (origin: string): readonly PatchPathStyle[] =>
    mode === 'auto' ? (ordered.get(origin) ?? inOrder) : [mode]

  return {
    candidates,
    needsProof: (origin, style) => mode === 'auto' && proven.get(origin) !== style,
    remember(origin, style) {
      proven.set(origin, style)
      ordered.set(origin, [style, ...candidates(origin).filter((other) => other !== style)])
    },
    demote(origin, style) {
      if (proven.get(origin) === style) proven.delete(origin)
      ordered.set(origin, [...candidates(origin).filter((other) => other !== style), style])
    },
  }
}
