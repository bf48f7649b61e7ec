import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { root, runScript } from './command'
import { filledIn, namesOf, templates } from './new/templates'

const usage = 'usage: npm run new -- destination|pim <name>, the name in small letters, such as my-shop'

/** `npm run new -- destination|pim <name>`: folder, test and page of a new connector, made of an example that works. */
async function layOut(): Promise<void> {
  const [kind = '', name = '', ...more] = process.argv.slice(2)
  const template = Object.hasOwn(templates, kind) ? templates[kind] : undefined
  const names = namesOf(name)
  if (template === undefined || names === undefined || more.length > 0) return refuse(usage)

  const files = Object.entries(template.files).map(([from, to]) => ({
    from: join(root, 'examples', template.example, from),
    to: to.replaceAll('{name}', name),
  }))
  for (const { to } of files)
    if (await isThere(join(root, to))) return refuse(`${to} is there already: nothing was written`)

  for (const { from, to } of files) {
    await mkdir(dirname(join(root, to)), { recursive: true })
    await writeFile(join(root, to), filledIn(await readFile(from, 'utf8'), template, names))
  }
  const code = files.flatMap(({ to }) => (to.endsWith('.ts') ? [to] : []))
  const format = await runScript('@biomejs/biome/bin/biome', ['check', '--write', ...code], { cwd: root })
  if (format.code !== 0) throw new Error(format.output)

  const steps = [
    ...template.next(names),
    'then: npm run format && npm run generate && npm run check',
    `and: npx jest test/connectors/${name}`,
    `The guide is docs/connectors/writing-a-${kind}.md.`,
  ]
  console.log([...files.map(({ to }) => `wrote ${to}`), '', ...steps].join('\n'))
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

function refuse(message: string): void {
  console.error(message)
  process.exitCode = 2
}

layOut().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
