/** A metric family, as a strict reader takes it. */
export type Family = {
  type: string
  unit?: string
  help?: string
  samples: { labels: Record<string, string>; value: number }[]
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const descriptor = new RegExp(`^# (TYPE|UNIT|HELP) (${name}) (.+)$`)
const sample = new RegExp(`^(${name})(?:\\{(.*)\\})? (-?\\d+(?:\\.\\d+)?)$`)
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)/y

/**
 * Reads OpenMetrics text, gauges only, and throws on whatever the format forbids: a family that is not in one piece, the
 * same labels twice, a unit that is not the end of the name, anything behind the end (OpenMetrics 1.0, section 3).
 */
export function readOpenMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n# EOF\n')) throw new Error('it does not end with # EOF')
  const families = new Map<string, Family>()
  let current: { name: string; family: Family } | undefined
  for (const line of text.slice(0, -'\n# EOF\n'.length).split('\n')) {
    const [, kind, of = '', said = ''] = descriptor.exec(line) ?? []
    if (kind === 'TYPE') {
      if (families.has(of)) throw new Error(`${of} comes in two pieces`)
      current = { name: of, family: { type: said, samples: [] } }
      families.set(of, current.family)
      continue
    }
    if (current === undefined) throw new Error(`no family has begun before: ${line}`)
    if (kind !== undefined) {
      if (of !== current.name || current.family.samples.length > 0) throw new Error(`out of place: ${line}`)
      if (kind === 'UNIT' && !of.endsWith(`_${said}`)) throw new Error(`the unit is not in the name: ${line}`)
      if (kind === 'UNIT') current.family.unit = said
      else current.family.help = said
      continue
    }
    const [, sampled, labels = '', value] = sample.exec(line) ?? []
    if (sampled !== current.name) throw new Error(`no sample of ${current.name}: ${line}`)
    const read = labelsIn(labels)
    const key = JSON.stringify(Object.entries(read).sort())
    if (current.family.samples.some((other) => JSON.stringify(Object.entries(other.labels).sort()) === key))
      throw new Error(`twice: ${line}`)
    current.family.samples.push({ labels: read, value: Number(value) })
  }
  return families
}

function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  label.lastIndex = 0
  for (let at = 0; at < text.length; at = label.lastIndex) {
    label.lastIndex = at
    const [, labelName, value = ''] = label.exec(text) ?? []
    if (labelName === undefined || labelName in labels) throw new Error(`no labels: ${text}`)
    labels[labelName] = value.replace(/\\([\\n"])/g, (_, one: string) => (one === 'n' ? '\n' : one))
  }
  return labels
}
