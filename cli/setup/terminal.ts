import { visible } from '../../src/core/visible'
import { CommandError } from '../output'
import type { Ask, Question } from './ask'

/** On stderr, as all that is asked: stdout is for results. Loaded when somebody is asked. */
export const askAtTerminal: Ask = async (question) => {
  try {
    return await prompt(question)
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'ExitPromptError')
      throw new CommandError('nothing was done')
    throw thrown
  }
}

async function prompt({ text, hidden, usual, choices = [], several, problem }: Question): Promise<string> {
  const { checkbox, input, password, select } = await import('@inquirer/prompts')
  const context = { output: process.stderr }
  if (problem !== undefined) process.stderr.write(`  ${visible(problem)}\n`)
  const message = visible(text)
  if (hidden) return password({ message, mask: '*' }, context)
  const list = choices.map((value) => ({ value }))
  if (several) return (await checkbox({ message, choices: list }, context)).join(',')
  if (choices.length > 0)
    return select({ message, choices: list, ...(usual === undefined ? {} : { default: usual }) }, context)
  return input({ message, ...(usual === undefined ? {} : { default: usual }) }, context)
}
