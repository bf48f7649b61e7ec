import type { Choice } from '../../src/app/choices'
import { createRedactor, type Redactor } from '../../src/core/redaction'
import type { Parsed } from '../../src/inputs/declaration'
import { readOperatorInputs, secretsOf } from '../../src/inputs/raw-inputs'
import { type Ask, answered } from './ask'
import { deployProblem } from './assignments'
import type { Values } from './known'
import { declarationsFor, type Need, needsOf, problemIn } from './needs'

/** Asks for one input after the other, until those who read them have what they need. */
export async function filled(choice: Choice, before: Values, ask: Ask): Promise<Values> {
  let values = before
  const declined = new Set<string>()
  for (;;) {
    const [need] = needsOf(choice, values)
    if (need === undefined) return values
    const way = need.isMissing ? need.ways.find((name) => !declined.has(name)) : undefined
    const name = way ?? need.name
    const typed = await askFor(name, choice, { need, isWay: way !== undefined, values }, ask)
    if (typed === '') declined.add(name)
    else values = { ...values, [name]: typed }
  }
}

function askFor(
  name: string,
  choice: Choice,
  { need, isWay, values }: { need: Need; isWay: boolean; values: Values },
  ask: Ask,
): Promise<string> {
  const declaration = declarationsFor(choice)[name] ?? need.declaration
  const meaning = declaration.meaning.replaceAll('`', '')
  const question = {
    text: `${name}: ${meaning}${isWay ? ' Leave it empty for another way.' : ''}`,
    hidden: declaration.secret === true,
    ...(need.isMissing ? {} : { problem: redactorOf(values).text(need.problem) }),
  }
  return answered(ask, question, (typed): Parsed<string> => {
    if (typed === '') return isWay ? { value: '' } : { problem: 'A value is needed.' }
    const problem = problemIn(typed, declaration) ?? deployProblem(typed)
    if (problem === undefined) return { value: typed }
    const told = declaration.secret ? createRedactor([typed]).text(problem) : problem
    return { problem: `${name} ${told}` }
  })
}

/** Masks the secrets among values. */
export const redactorOf = (values: Values): Redactor =>
  createRedactor([values.AIO_runtime_auth, ...secretsOf(readOperatorInputs(values))])
