import { readFile } from 'node:fs/promises'
import { deflateRawSync } from 'node:zlib'
import { type BuiltAction, filesOf } from '../../scripts/app-build'
import { loadInTurn } from '../../scripts/load-time'
import { type Containers, openWhiskContainers, standInContainers } from '../cold/container'
import { type FirstEvent, firstEvents } from '../cold/first-event'
import { builtActions, ourSide, rivalSide } from '../event/sides'
import { startUpstreams } from '../event/upstreams'
import { inTurn, type Sides } from '../harness/in-turn'
import type { Figure, Row, RowContext } from '../harness/row'
import { productionNode } from '../production-node'
import { bundleRival } from '../rivals/bundle'

/** Started by what many wait for: these load most lightly. */
const light = ['generic', 'pim-events', 'pim-sync']

/** What a cold start costs: sizes and load of each action, and a new process to its first event. */
export const cold: Row = {
  name: 'cold',
  question: 'What does a cold start cost?',
  rival:
    'the job of `generic` as the usual sample does it, on the whole @adobe/aio-sdk: minimised as ours is, which makes it load faster than aio bundles it by default; its token is in State already, and it asks the PIM and AEM at once',
  options: { runtime: { what: 'folder of app.js of openwhisk-runtime-nodejs: first events run in it' } },
  run: async (context) => {
    const folder = context.text('runtime')
    const containers = folder === undefined ? standInContainers() : openWhiskContainers(folder)
    try {
      const first = await firstInTurn(containers, context)
      return {
        figures: [...firstFigures(first), ...(await loadFigures(context))],
        notes: [
          `The first event runs in ${containers.what}, on the Node of production: from the spawn of the process, by way of /init and /run, to the answer. IMS, AEM, the PIM and State are stand-ins in another process and answer at once. Pulling the image and starting the container are not in it: Runtime does that alike for both.`,
          ...(folder === undefined
            ? [
                'The zip is not unpacked, which is in favour of the larger one. `--runtime=<folder>` takes the runtime itself, which comes as an image only.',
              ]
            : []),
          'Of its requests, ours sends one a container besides: it reads the asset again after the first write, to learn whether AEM took the paths of the patch as they were meant. `AEM_PATCH_PATHS` saves that.',
          'All actions are held against the sample of `generic`. What the others do, on the whole SDK and the clients of Azure, S3 and SFTP, would be larger.',
        ],
      }
    } finally {
      await containers.close()
    }
  },
}

async function firstInTurn(
  containers: Containers,
  { rounds, oursOnly }: RowContext,
): Promise<Sides<FirstEvent>> {
  const upstreams = await startUpstreams()
  try {
    const parts = { upstreams, containers }
    const ours = await firstEvents(await ourSide(upstreams), parts)
    const sides = oursOnly
      ? { ours }
      : { ours, rival: await firstEvents(await rivalSide('sdk-sample', upstreams), parts) }
    return await inTurn(sides, { rounds: rounds(7, 21), oursOnly })
  } finally {
    await upstreams.close()
  }
}

const firstFigures = ({ ours, rival }: Sides<FirstEvent>): Figure[] => {
  const figure = (name: string, unit: string, key: keyof FirstEvent): Figure => ({
    name,
    unit,
    better: 'less',
    ours: ours.map((one) => one[key]),
    ...(rival.length === 0 ? {} : { rival: rival.map((one) => one[key]) }),
  })
  return [
    { ...figure('new process to the first event answered', 'ms', 'ms'), aim: { times: 3 } },
    figure('requests of the first event', '', 'requests'),
  ]
}

async function loadFigures({ rounds, oursOnly }: RowContext): Promise<Figure[]> {
  const actions = await builtActions()
  const bundles = actions.map(({ bundle }) => bundle)
  const rival = oursOnly ? undefined : await bundleRival('sdk-sample/generic.js')
  const loads = await loadInTurn(
    rival === undefined ? bundles : [...bundles, rival],
    rounds(5, 21),
    productionNode,
  )
  const rivalSizes = rival === undefined ? undefined : await sizesOf({ bundle: rival })
  const rivalLoads = loads[actions.length]
  const figures = actions.map(async (action, index): Promise<Figure[]> => {
    const sizes = await sizesOf(action)
    const size = (what: string, key: keyof Sizes): Figure => ({
      name: `${action.name}: ${what}`,
      unit: 'KB',
      better: 'less',
      ours: [sizes[key]],
      ...(rivalSizes === undefined ? {} : { rival: [rivalSizes[key]] }),
    })
    return [
      {
        name: `${action.name}: load`,
        unit: 'ms',
        better: 'less',
        ours: loads[index]?.map(({ loadMs }) => loadMs) ?? [],
        ...(rivalLoads === undefined ? {} : { rival: rivalLoads.map(({ loadMs }) => loadMs) }),
        aim: { times: light.includes(action.name) ? 15 : 6 },
      },
      size('index.js', 'indexKb'),
      size('zip', 'zipKb'),
    ]
  })
  return (await Promise.all(figures)).flat()
}

type Sizes = { indexKb: number; zipKb: number }

async function sizesOf(action: Pick<BuiltAction, 'bundle'>): Promise<Sizes> {
  const files = await Promise.all((await filesOf(action)).map((file) => readFile(file)))
  return {
    indexKb: (await readFile(action.bundle)).length / 1024,
    // What aio uploads is a zip of all, at the same level.
    zipKb: files.reduce((sum, file) => sum + deflateRawSync(file, { level: 9 }).length, 0) / 1024,
  }
}
