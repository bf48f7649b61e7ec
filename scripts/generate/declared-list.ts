import { declarationsOf, type InputGroup } from './groups'

/** The text of src/inputs/declared.ts: names only, for what is deployed. */
export function declaredList(groups: readonly InputGroup[]): string {
  const all = declarationsOf(groups)
  const names = (isSecret: boolean): string =>
    all
      .filter(([, { secret = false }]) => secret === isSecret)
      .map(([name]) => `  '${name}',\n`)
      .sort()
      .join('')
  return `// Written by \`npm run generate\` from the declarations of inputs. Do not edit.

/** Inputs whose values must never be seen. */
export const secretInputs = [
${names(true)}] as const

/** All others. */
export const plainInputs = [
${names(false)}] as const
`
}
