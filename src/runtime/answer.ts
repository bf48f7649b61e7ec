/** What an action returns: I/O Runtime makes the HTTP answer of it. */
export type Answer =
  | { statusCode: number; body: AnswerBody }
  | { error: { statusCode: number; body: AnswerBody } }
  | TextAnswer

/** An answer that is no JSON. */
export type TextAnswer = { statusCode: number; headers: Readonly<Record<string, string>>; body: string }

/** What another program reads and goes on with: nothing in it is masked. */
export type ForProgram = { forProgram: AnswerBody }

export type AnswerBody = Readonly<Record<string, unknown>> | readonly unknown[]

/** An answer that ends the delivery. */
export const success = (body: AnswerBody): Answer => ({ statusCode: 200, body })

/** An answer that ends the delivery, for a program: outcomes that a run goes on with, or a challenge. */
export const forProgram = (body: AnswerBody): ForProgram => ({ forProgram: body })

/**
 * An answer that is a text.
 * @param contentType with its charset: without one, I/O Runtime takes a type that it does not know for binary, and its
 * body for Base64 (Apache OpenWhisk, WebActions.scala)
 */
export const text = (contentType: `${string}; charset=utf-8`, body: string): TextAnswer => ({
  statusCode: 200,
  headers: { 'content-type': contentType },
  body,
})

/** An answer that reports a failure; 503 makes I/O Events deliver again. */
export const failure = (statusCode: number, body: AnswerBody): Answer => ({ error: { statusCode, body } })
