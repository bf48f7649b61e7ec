import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** A regular expression and where it stands. */
export type Literal = { place: string; expression: RegExp }

/** What the source of a folder holds: its literals, and the places where one is put together at run time. */
export function expressionsIn(folder: string): { literals: Literal[]; composed: string[] } {
  const literals: Literal[] = []
  const composed: string[] = []
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.ts')) continue
    const source = ts.createSourceFile(
      file,
      readFileSync(join(folder, file), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    )
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
        const end = node.text.lastIndexOf('/')
        const expression = new RegExp(node.text.slice(1, end), node.text.slice(end + 1))
        literals.push({ place: `${file}:${line}`, expression })
      }
      if (
        (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
        ts.isIdentifier(node.expression) &&
        node.expression.text === 'RegExp'
      ) {
        composed.push(file)
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return { literals, composed }
}
