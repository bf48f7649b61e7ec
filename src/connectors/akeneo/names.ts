/** Akeneo compares identifiers and uuids in lower case. */
export const lowerCase = (text: string): string => text.toLowerCase()

/** Akeneo has no identifiers or codes that are longer, or hold a comma, a semicolon or a line break. */
export const isIdentifier = (text: string): boolean =>
  text !== '' && text.length <= 255 && text.isWellFormed() && !/[,;\r\n\0]/.test(text)
