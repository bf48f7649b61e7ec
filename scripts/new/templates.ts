/** What `npm run new` can lay out: the example that it follows, and where each of its files goes. */
export type Template = {
  /** Folder below examples/, which is the name that is replaced, too. */
  example: string
  /** From a file of the example to its place; `{name}` stands for the name of the connector. */
  files: Readonly<Record<string, string>>
  /** What is left to the author, one line each. */
  next(names: Names): readonly string[]
}

/** The forms of a connector's name. */
export type Names = {
  /** As config/ and docs/ say it: `my-shop`. */
  kebab: string
  /** As code says it: `myShop`. */
  camel: string
  pascal: string
  /** As inputs and error codes begin: `MY_SHOP`. */
  upper: string
}

export const templates: Readonly<Record<string, Template>> = {
  destination: {
    example: 'depot',
    files: {
      'destination.ts': 'src/connectors/{name}/destination.ts',
      'inputs.ts': 'src/connectors/{name}/inputs.ts',
      'errors.ts': 'src/connectors/{name}/errors.ts',
      'destination.test.ts': 'test/connectors/{name}/destination.test.ts',
      'depot.md': 'docs/connectors/{name}.md',
    },
    next: ({ kebab, camel }) => [
      `add to config/destinations.ts: import { ${camel} } from '../src/connectors/${kebab}/destination'`,
      `and, under destinations: ${kebab === camel ? kebab : `'${kebab}'`}: ${camel}(),`,
    ],
  },
  pim: {
    example: 'catalog',
    files: {
      'pim.ts': 'src/connectors/{name}/pim.ts',
      'inputs.ts': 'src/connectors/{name}/inputs.ts',
      'pim.test.ts': 'test/connectors/{name}/pim.test.ts',
      'catalog.md': 'docs/connectors/{name}.md',
    },
    next: ({ kebab, camel }) => [
      `add to config/enrichment.ts: import { ${camel}Pim } from '../src/connectors/${kebab}/pim'`,
      `and, under communicators: ${kebab === camel ? kebab : `'${kebab}'`}: ${camel}Pim(),`,
    ],
  },
}

/** The forms of a name; undefined when it is none. */
export function namesOf(name: string): Names | undefined {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 30 || name === 'kit') return undefined
  const pascal = name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
  return {
    kebab: name,
    pascal,
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    upper: name.replaceAll('-', '_').toUpperCase(),
  }
}

/** A file of an example, with the name of the connector, for its place in the tree. */
export function filledIn(text: string, { example }: Template, names: Names): string {
  const pascal = example.charAt(0).toUpperCase() + example.slice(1)
  return (
    moved(text, names.kebab)
      .replaceAll(example.toUpperCase(), names.upper)
      .replaceAll(pascal, names.pascal)
      // Where it is a name in the code, and not a word of a text.
      .replace(new RegExp(`\\b${example}(?=Inputs\\b|Pim\\b|\\(|\\.request| = | \\})`, 'g'), names.camel)
      .replaceAll(example, names.kebab)
  )
}

/** With the imports that lead to the same files from the new place. */
const moved = (text: string, name: string): string =>
  text
    .replaceAll("'../../src/connectors/kit/", "'../kit/")
    .replaceAll("'../../src/", "'../../")
    .replaceAll("'../../sandbox/", "'../../../sandbox/")
    .replaceAll("'../../test/connectors/kit/", "'../kit/")
    .replaceAll("'../../test/support/", "'../../support/")
    .replace(/(?<=^import .*)'\.\/(destination|pim)'/gm, `'../../../src/connectors/${name}/$1'`)
