/** One line of a result: what was measured on our side, and on the rival's where there is one. */
export type Figure = {
  name: string
  /** Such as `ms`, `MB`, `MB/s`, `requests`. A figure without one is a plain count. */
  unit: string
  better: 'less' | 'more'
  /** One sample a round. */
  ours: readonly number[]
  /** One sample a round, of the same rounds. */
  rival?: readonly number[]
  aim?: Aim
}

/** How many times better than the rival ours is to be, or a bound of our own figure. It is reported, never asserted. */
export type Aim = { times: number } | { atMost: number } | { atLeast: number }

/** How figures grow, drawn as lines. */
export type Plot = {
  /** Part of the file's name. */
  name: string
  title: string
  x: Axis
  y: Axis
  lines: readonly { name: string; points: readonly (readonly [x: number, y: number])[] }[]
}

export type Axis = { label: string; log?: true }

/** What a row found. */
export type Findings = {
  figures: readonly Figure[]
  plots?: readonly Plot[]
  /** What a reader has to know besides, a sentence each. */
  notes?: readonly string[]
}

/** What a row may use of the command line. */
export type RowContext = {
  /** Whether the size of the published page was asked for. Otherwise a row ends within about a minute. */
  isFull: boolean
  /** How often each side is to run and be counted. */
  rounds(small: number, full: number): number
  /** Whether the rival is to be left out. */
  oursOnly: boolean
  /** Whether a switch of the row's own was given. */
  has(name: string): boolean
  /** A text option of the row's own. */
  text(name: string): string | undefined
  /**
   * A number option of the row's own.
   * @throws {Error} when it is no number of at least 0
   */
  number(name: string): number | undefined
  say(line: string): void
}

/** One question of the suite. */
export type Row = {
  name: string
  /** The heading of the page. */
  question: string
  /** What ours is compared with, at its best fair setting; undefined when there is nothing to compare with. */
  rival?: string
  /** The row's own options and what they choose. A switch takes no value. */
  options?: Readonly<Record<string, { what: string; isSwitch?: true }>>
  /** @throws {Error} when what was measured did not do its work: a figure of a failed run is none */
  run(context: RowContext): Promise<Findings>
}
