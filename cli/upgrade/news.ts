import { compareVersions } from './release'

/** An input that the version before did not declare. */
export type NewInput = { name: string; required: boolean; meaning: string }

/** What a version asks of an operator. */
export type OperatorNotes = { version: string; text: string }

/**
 * The inputs that are in one `.env.example` and not in another one, the required ones first.
 * Source: `scripts/generate/env-example.ts`, which writes comment, name and a blank line for each.
 */
export function newInputs(before: string, after: string): readonly NewInput[] {
  const known = new Set(inputsIn(before).map(({ name }) => name))
  const added = inputsIn(after).filter(({ name }) => !known.has(name))
  return [...added.filter(({ required }) => required), ...added.filter(({ required }) => !required)]
}

function inputsIn(text: string): NewInput[] {
  const found: NewInput[] = []
  let comment: string[] = []
  for (const line of text.split('\n')) {
    const [, name] = /^(?:# )?([A-Z][A-Za-z0-9_]*)=/.exec(line) ?? []
    if (name !== undefined) {
      const meaning = comment.join(' ')
      found.push({ name, required: /^(Secret\. )?Required\b/.test(meaning), meaning })
    }
    comment = name === undefined && /^# (?!----)/.test(line) ? [...comment, line.slice(2)] : []
  }
  return found
}

const versionHeading = /^## \[(\d+\.\d+\.\d+)\]/
const operatorHeading = /^### What an operator must do\s*$/

/** What the versions after `from`, up to `to`, ask of an operator: the newest first, as in the changelog. */
export function operatorNotes(changelog: string, from: string, to: string): readonly OperatorNotes[] {
  const notes: { version: string; lines: string[] }[] = []
  let version: string | undefined
  let isWanted = false
  for (const line of changelog.split('\n')) {
    if (line.startsWith('## ')) version = versionHeading.exec(line)?.[1]
    if (line.startsWith('## ') || line.startsWith('### ')) {
      isWanted =
        operatorHeading.test(line) &&
        version !== undefined &&
        compareVersions(version, from) > 0 &&
        compareVersions(version, to) <= 0
      if (isWanted && version !== undefined) notes.push({ version, lines: [] })
    } else if (isWanted) notes.at(-1)?.lines.push(line)
  }
  return notes.map(({ version, lines }) => ({ version, text: lines.join('\n').trim() }))
}
