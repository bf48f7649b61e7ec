/** One thing that `npm run check` looks at. */
export type Step = {
  name: string
  /** What it found wrong, ready to be read; undefined when all is well. Throwing counts as wrong, too. */
  run(): Promise<string | undefined>
}
