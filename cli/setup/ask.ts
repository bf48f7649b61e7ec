import type { Parsed } from '../../src/inputs/declaration'

/** What a person is asked at the terminal. */
export type Question = {
  /** On one line. */
  text: string
  /** What is typed is not shown. */
  hidden?: boolean
  /** What an empty answer means. */
  usual?: string
  /** The answers there are. */
  choices?: readonly string[]
  /** Several of the choices may be taken, or none; the answer has commas between them. */
  several?: boolean
  /** What was wrong with the answer before. */
  problem?: string
}

/** Asks a person. @throws {CommandError} the person ends it */
export type Ask = (question: Question) => Promise<string>

/** Asks until the answer is one. */
export async function answered<T>(
  ask: Ask,
  question: Question,
  read: (answer: string) => Parsed<T>,
): Promise<T> {
  let { problem } = question
  for (;;) {
    const answer = (await ask(problem === undefined ? question : { ...question, problem })).trim()
    const parsed = read(answer === '' ? (question.usual ?? '') : answer)
    if ('value' in parsed) return parsed.value
    problem = parsed.problem
  }
}
