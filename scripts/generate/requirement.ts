import type { InputDeclaration } from '../../src/plugin/inputs'
import type { InputGroup } from './groups'

/** When an input has to be set: `Required for export-batch`; undefined when it need not be. */
export function requirementOf(
  { required, unless }: InputDeclaration,
  need: InputGroup['need'],
): string | undefined {
  if (required === undefined) return undefined
  const otherwise = unless === undefined ? '' : `, unless \`${unless}\` is set`
  if (required !== true) return `Required ${required}${otherwise}`
  return `${need === 'always' ? 'Required' : 'Required with it'}${otherwise}`
}
