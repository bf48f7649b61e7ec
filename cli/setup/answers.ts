import { aemInputs } from '../../src/aem/inputs'
import {
  type Choice,
  destinationNames,
  destinationsOn,
  inputsOfChoice,
  inputsOfOthers,
  pimNames,
} from '../../src/app/choices'
import { platformInputs, webhookInputs } from '../../src/connectors/akeneo/webhook-inputs'
import { shown } from '../../src/core/shown'
import type { Parsed } from '../../src/inputs/declaration'
import { readOperatorInputs } from '../../src/inputs/raw-inputs'
import { UsageError } from '../output'
import { type Ask, answered, type Question } from './ask'
import { readAssignments } from './assignments'
import { filled, redactorOf } from './fill'
import { readFolders } from './folders'
import { foldersSetting, type Known, type Values } from './known'
import { type Need, needsOf } from './needs'
import type { SetupAnswers } from './step'

/** The answers as options give them. */
export type AnswerOptions = {
  aem?: string | undefined
  folder?: readonly string[] | undefined
  pim?: string | undefined
  destination?: readonly string[] | undefined
  set?: readonly string[] | undefined
}

/** What was decided, and all values that `.env.<name>` has to hold. */
export type Decided = { answers: SetupAnswers; values: Values }

/**
 * Takes what options and the surroundings say, and asks for the rest.
 * @param ask undefined when nobody can be asked
 * @throws {UsageError} an option is wrong, or something is missing and nobody can be asked: it names all that is missing
 */
export async function decide(
  env: string,
  options: AnswerOptions,
  { own, values: known }: Known,
  ask: Ask | undefined,
): Promise<Decided> {
  const given = readAssignments(options.set ?? [])
  const before: Values = { ...known, ...given }
  const lacking: string[] = []

  const authors = await answer('--aem <origin>', options.aem, before.AEM_AUTHOR_URLS, readAuthors, {
    text: 'The origin of the AEM author, such as https://author-p1-e2.adobeaemcloud.com',
  })
  const folder = options.folder?.join(',')
  const folders = await answer('--folder <path>', folder, before[foldersSetting], readFolders, {
    text: 'The folders that the app may write to, with commas between them',
    usual: '/content/dam',
  })
  const pim = await answer('--pim <name>', options.pim, before.PIM_COMMUNICATOR, readPim, {
    text: 'The PIM that knows the products',
    choices: pimNames,
  })
  const on = destinationsOn(readOperatorInputs(before)).join(',')
  const named = options.destination?.join(',')
  const destinations = await answer(
    '--destination <name>',
    named,
    on === '' ? undefined : on,
    readDestinations,
    {
      text: 'The destinations that published assets are copied to; none is an answer, too',
      choices: destinationNames,
      several: true,
    },
  )

  const choice = { pim, destinations: destinations ?? [] }
  const others = othersOf(choice)
  const decided: Values = {
    // Of what the surroundings set, the inputs of other connectors have no place here.
    ...Object.fromEntries(
      Object.entries(before).filter(
        ([name]) => !others.has(name) || Object.hasOwn({ ...own, ...given }, name),
      ),
    ),
    ...(options.aem === undefined && before.AEM_AUTHOR_URLS !== undefined
      ? {}
      : { AEM_AUTHOR_URLS: authors?.join(',') ?? '' }),
    [foldersSetting]: folders?.join(',') ?? '',
    PIM_COMMUNICATOR: pim ?? '',
  }
  const values = ask === undefined ? decided : await filled(choice, decided, ask)
  lacking.push(...needsOf(choice, values).map(shownNeed))
  const [author] = authors ?? []
  if (lacking.length > 0 || author === undefined || pim === undefined) {
    throw new UsageError(redactorOf(values).text(lackingText(env, lacking)))
  }
  return { answers: { env, author, folders: folders ?? [], pim, destinations: choice.destinations }, values }

  /** An option wins over what is known; what is known is not asked. */
  async function answer<T>(
    option: string,
    told: string | undefined,
    found: string | undefined,
    read: (text: string) => Parsed<T>,
    question: Question,
  ): Promise<T | undefined> {
    if (told !== undefined) {
      const parsed = read(told)
      if ('problem' in parsed) throw new UsageError(`${option.split(' ', 1)[0]}: ${parsed.problem}`)
      return parsed.value
    }
    const parsed = found === undefined ? undefined : read(found)
    if (parsed !== undefined && 'value' in parsed) return parsed.value
    const { problem } = parsed ?? {}
    if (ask !== undefined)
      return answered(ask, problem === undefined ? question : { ...question, problem }, read)
    const usual = question.usual === undefined ? undefined : read(question.usual)
    if (problem === undefined && usual !== undefined && 'value' in usual) return usual.value
    lacking.push(problem === undefined ? option : `${option} (${problem})`)
    return undefined
  }
}

/** Those of events belong to Akeneo, which a choice has that reads its address. */
const othersOf = (choice: Choice): ReadonlySet<string> =>
  Object.hasOwn(inputsOfChoice(choice), 'AKENEO_URL')
    ? inputsOfOthers(choice)
    : new Set([...inputsOfOthers(choice), ...Object.keys({ ...webhookInputs, ...platformInputs })])

const readAuthors = (text: string): Parsed<readonly string[]> =>
  text === '' ? { problem: 'An origin is needed.' } : aemInputs.AEM_AUTHOR_URLS.shape(text)

function readPim(text: string): Parsed<string> {
  if (pimNames.includes(text)) return { value: text }
  return { problem: `${shown(text)} is no PIM of config/enrichment.ts: ${pimNames.join(', ')}` }
}

/** Names with commas between them. Capitals do not matter, as in metadata. */
function readDestinations(text: string): Parsed<readonly string[]> {
  const names = text.split(/[\s,]+/).filter((name) => name !== '' && name.toLowerCase() !== 'none')
  const found: string[] = []
  for (const name of names) {
    const key = destinationNames.find((one) => one.toLowerCase() === name.toLowerCase())
    if (key === undefined) {
      return {
        problem: `${shown(name)} is no destination of config/destinations.ts: ${destinationNames.join(', ')}, or none`,
      }
    }
    found.push(key)
  }
  return { value: [...new Set(found)] }
}

const shownNeed = ({ name, declaration, problem, isMissing, ways }: Need): string => {
  if (!isMissing) return problem
  const instead = ways.length === 0 ? '' : ` (or ${ways.join(' or ')})`
  return `${name}${declaration.secret ? ', a secret' : ''}${instead}`
}

const lackingText = (env: string, lacking: readonly string[]): string =>
  `nobody can be asked here, and this is missing: ${lacking.join('; ')}. Options are given on the command line; inputs in the environment or in .env.${env}, and those that are not secret by --set INPUT=value; npx aio app use <workspace file> --merge writes IMS_* and AIO_*`
