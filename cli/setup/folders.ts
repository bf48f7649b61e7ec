import { shown } from '../../src/core/shown'
import { trimEndOf } from '../../src/core/trim'
import type { Parsed } from '../../src/inputs/declaration'

/** Characters that no folder of AEM has in its name, and those that set folders or values apart here. */
const forbidden = /[\p{Cc}*:[\]|"\\,]/u

/** A folder below `/content/dam`, without the slash at its end. */
function readFolder(text: string): Parsed<string> {
  const path = trimEndOf(text.trim(), '/')
  const names = path.split('/').slice(3)
  const isBelow = path === '/content/dam' || path.startsWith('/content/dam/')
  if (isBelow && !forbidden.test(path) && names.every((name) => !['', '.', '..'].includes(name)))
    return { value: path }
  return { problem: `${shown(text.trim())} must be /content/dam or a folder below it` }
}

/** Folders with commas between them, each once. */
export function readFolders(text: string): Parsed<readonly string[]> {
  const folders: string[] = []
  for (const part of text.split(',')) {
    const folder = readFolder(part)
    if ('problem' in folder) return folder
    folders.push(folder.value)
  }
  return { value: [...new Set(folders)].sort() }
}
