import { join } from 'node:path'
import { costlyText } from './cost'
import { expressionsIn } from './literals'

const folders = ['src', 'cli', 'config', 'actions']
const all = folders.map((folder) => ({
  folder,
  ...expressionsIn(join(__dirname, '..', '..', '..', folder)),
}))

describe('an expression of the app', () => {
  it.each(all)(
    'costs no more than its text is long, in $folder',
    ({ literals }) => {
      const different = new Map(literals.map((it) => [String(it.expression), it]))
      const costly = [...different.values()].flatMap(({ place, expression }) => {
        const text = costlyText(expression)
        return text === undefined ? [] : [`${place} ${expression} on ${JSON.stringify(text)}`]
      })

      expect(costly).toEqual([])
    },
    300_000,
  )
})
