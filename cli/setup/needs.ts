import { type Choice, inputsOfChoice, problemsOf } from '../../src/app/choices'
import type { InputDeclaration, InputDeclarations } from '../../src/inputs/declaration'
import { leftoverIn } from '../../src/inputs/leftovers'
import { readOperatorInputs } from '../../src/inputs/raw-inputs'
import { missing } from '../../src/inputs/values'
import { runtimeSettings, type Values } from './known'

/** An input that is not set, or wrong. */
export type Need = {
  name: string
  declaration: InputDeclaration
  /** One sentence, which begins with the name. */
  problem: string
  isMissing: boolean
  /** Inputs that stand in for this one and others, such as a token for a user and a password. */
  ways: readonly string[]
}

/** The declarations of all that a choice may need. */
export const declarationsFor = (choice: Choice): InputDeclarations => ({
  ...runtimeSettings,
  ...inputsOfChoice(choice),
})

/**
 * What a choice needs and does not have, as the readers of the inputs tell it.
 * @returns problems about no single input have no need: they are thrown when the app is run, and doctor tells them
 */
export function needsOf(choice: Choice, values: Values): readonly Need[] {
  const declared = declarationsFor(choice)
  const problems = problemsWith(choice, values)
  const names = missingNames(problems)
  // Such an input makes another one needless, whatever it holds.
  const ways = Object.entries(declared).filter(([name, it]) => {
    if (
      values[name] !== undefined ||
      it.default !== undefined ||
      it.required === true ||
      names.includes(name)
    )
      return false
    const tried = problemsWith(choice, { ...values, [name]: it.example ?? 'x' })
    return missingNames(tried).filter((one) => one !== name).length < names.length
  })
  return problems.flatMap((problem) => {
    const [name = ''] = /^[A-Z][A-Za-z0-9_]*/.exec(problem) ?? []
    const told = declared[name]
    if (told === undefined) return []
    const isMissing = isNotSet(problem)
    // What `aio app use` writes stands in under a name of its own.
    const asked = (isMissing || values[name] === undefined ? told.unless : undefined) ?? name
    const instead = ways.flatMap(([way]) => {
      const tried = problemsWith(choice, { ...values, [way]: declared[way]?.example ?? 'x' })
      return missingNames(tried).includes(name) || way === told.unless ? [] : [way]
    })
    return [{ name: asked, declaration: { ...told, ...declared[asked] }, problem, isMissing, ways: instead }]
  })
}

function problemsWith(choice: Choice, values: Values): readonly string[] {
  const runtime = Object.entries(runtimeSettings).flatMap(([name, it]) =>
    values[name] === undefined ? [missing(name, it)] : [],
  )
  return [...new Set([...runtime, ...problemsOf(choice, readOperatorInputs(values))])]
}

const isNotSet = (problem: string): boolean => /^\w+ is not set\b/.test(problem)

const missingNames = (problems: readonly string[]): string[] =>
  problems.filter(isNotSet).map((problem) => problem.split(' ', 1)[0] ?? '')

/** What is wrong with the text of an input, as `must ...`. */
export function problemIn(text: string, declaration: InputDeclaration): string | undefined {
  const leftover = leftoverIn(text, declaration)
  if (leftover !== undefined) return leftover
  const parsed = declaration.shape(text)
  return 'problem' in parsed ? parsed.problem : undefined
}
