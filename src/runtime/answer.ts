/** What an action returns: I/O Runtime makes the HTTP answer of it. */
export type Answer =
  | { statusCode: number; body: AnswerBody }
  | { error: { statusCode: number; body: AnswerBody } }

/** What another program reads and goes on with: nothing in it is masked. */
export type ForProgram = { forProgram: AnswerBody }

export type AnswerBody = Readonly<Record<string, unknown>> | readonly unknown[]

/** An answer that ends the delivery. */
export const success = (body: AnswerBody): Answer => ({ statusCode: 200, body })

/** An answer that ends the delivery, for a program: outcomes that a run goes on with, or a challenge. */
export const forProgram = (body: AnswerBody): ForProgram => ({ forProgram: body })

/** An answer that reports a failure; 503 makes I/O Events deliver again. */
export const failure = (statusCode: number, body: AnswerBody): Answer => ({ error: { statusCode, body } })
