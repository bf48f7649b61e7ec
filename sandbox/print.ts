/** Words in colour, or plain. */
export type Paint = {
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
  red(text: string): string
}

/** ANSI colours, or none: pass whether the output is a terminal. */
export const createPaint = (colours: boolean): Paint => {
  const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  return { bold: paint(1), dim: paint(2), green: paint(32), red: paint(31) }
}

/** A table in plain characters: a header, a rule, the rows, columns as wide as needed. */
export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(' | ')
      .trimEnd()
  return [line(header), widths.map((width) => '-'.repeat(width)).join('-|-'), ...rows.map(line)]
}

/** Milliseconds for people. */
export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`

/** Bytes for people, in MiB. */
export const mebibytes = (bytes: number): string => `${Math.round(bytes / (1024 * 1024))} MiB`
