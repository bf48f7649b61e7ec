import type { InputDeclaration } from '../../src/plugin/inputs'
import type { InputGroup } from './groups'

/** When an input has to be set: `Required for export-batch`; undefined when it need not be. */
export function requirementOf({ required }: InputDeclaration, need: InputGroup['need']): string | undefined {
  if (required === undefined) return undefined
  if (required !== true) return `Required ${required}`
  return need === 'always' ? 'Required' : 'Required with it'
}
