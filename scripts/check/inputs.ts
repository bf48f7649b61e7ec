import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { root } from '../command'
import { ownConfiguration, sampleConfiguration } from '../generate/configurations'
import { declarationsOf, inputGroups } from '../generate/groups'
import type { Step } from './step'

const folders = ['actions', 'cli', 'config', 'src']

/** Every input that code reads is declared, and every one that is declared is read. */
export const inputs: Step = {
  name: 'inputs',
  run: async () => {
    // The sample's as well: a user who leaves a connector out leaves its code where it is.
    const groups = await Promise.all([ownConfiguration, sampleConfiguration].map(inputGroups))
    const declared = new Set(declarationsOf(groups.flat()).map(([name]) => name))
    const files = await sources()
    const wrong = [...undeclared(files, declared), ...unread(files), ...ungathered(files, declared)]
    return wrong.length === 0 ? undefined : wrong.join('\n')
  },
}

type Named = { name: string; file: string; line: number }

/** What a file says about inputs. */
type Source = {
  file: string
  /** Asked for by a whole name: `input('X')`, `inputs.X`. */
  asked: readonly Named[]
  /** Keys of declarations. */
  declared: readonly Named[]
  /** Names that are taken out of something that is no declaration. */
  used: ReadonlySet<string>
}

async function sources(): Promise<readonly Source[]> {
  const files = await Promise.all(
    folders.map(async (folder) => {
      const found = await readdir(join(root, folder), { recursive: true })
      return found
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    }),
  )
  return Promise.all(files.flat().map(async (file) => read(file, await readFile(join(root, file), 'utf8'))))
}

function* undeclared(files: readonly Source[], declared: ReadonlySet<string>): Generator<string> {
  for (const { name, file, line } of files.flatMap(({ asked }) => asked)) {
    if (!declared.has(name)) yield `${file}:${line} reads ${name}, which nobody declares`
  }
}

function* unread(files: readonly Source[]): Generator<string> {
  for (const { name, file, line } of files.flatMap((source) => source.declared)) {
    // A whole name may be read anywhere; what stands behind a prefix, such as URL, where it is declared.
    const isWhole = !file.startsWith('src/connectors/') || /webhook-inputs\.ts$/.test(file)
    const readers = isWhole ? files : files.filter((other) => other.file.startsWith(`${dirname(file)}/`))
    if (!readers.some(({ used }) => used.has(name)))
      yield `${file}:${line} declares ${name}, which nothing reads`
  }
}

/** Connectors that config/ does not name are not gathered, and need not be. */
function* ungathered(files: readonly Source[], declared: ReadonlySet<string>): Generator<string> {
  const names = [...declared]
  for (const { name, file, line } of files.flatMap((source) => source.declared)) {
    if (file.startsWith('src/connectors/')) continue
    if (names.some((whole) => whole === name || whole.endsWith(`_${name}`))) continue
    yield `${file}:${line} declares ${name}, which is not gathered: a room declares its inputs in a file inputs.ts, a connector names them in its factory, config/ in \`inputs\``
  }
}

const inputLike = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/
/** By convention, what is called so holds declarations and no values. */
const isOfDeclarations = (node: ts.Node | undefined): boolean =>
  node !== undefined && /[iI]nputs$/.test(node.getText()) && !isRaw(node)
const isRaw = (node: ts.Node): boolean => /(^|\.)inputs$/.test(node.getText())

/** Reads a file. */
function read(file: string, text: string): Source {
  const asked: Named[] = []
  const declared: Named[] = []
  const used = new Set<string>()
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const at = (name: string, node: ts.Node): Named => ({
    name,
    file,
    line: tree.getLineAndCharacterOfPosition(node.getStart()).line + 1,
  })
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && isDeclaration(node.initializer)) {
      declared.push(at(node.name.getText().replaceAll(/['"]/g, ''), node))
    } else if (ts.isCallExpression(node)) {
      const [first] = node.arguments
      const callee = node.expression.getText().split('.').at(-1) ?? ''
      if (/^(input|requireInput)$/.test(callee) && first !== undefined && ts.isStringLiteral(first)) {
        asked.push(at(first.text, node))
      }
    } else if (ts.isPropertyAccessExpression(node) && inputLike.test(node.name.text)) {
      if (isRaw(node.expression)) asked.push(at(node.name.text, node))
      if (!isOfDeclarations(node.expression)) used.add(node.name.text)
    } else if (ts.isBindingElement(node)) {
      const from = node.parent.parent
      const source = ts.isVariableDeclaration(from) ? from.initializer : undefined
      const name = (node.propertyName ?? node.name).getText()
      if (source !== undefined && isRaw(source) && inputLike.test(name)) asked.push(at(name, node))
      if (!isOfDeclarations(source)) used.add(name)
    } else if (ts.isStringLiteral(node)) used.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return { file, asked, declared, used }
}

const isDeclaration = (node: ts.Expression): boolean =>
  ts.isObjectLiteralExpression(node) &&
  ['meaning', 'shape'].every((name) => node.properties.some((property) => property.name?.getText() === name))
