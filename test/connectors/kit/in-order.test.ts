import { inOrder } from '../../../src/connectors/kit/in-order'

async function* numbers(count: number, onNext: () => void = () => undefined): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) {
    onNext()
    yield number
  }
}

test('results come in the order of the items, and no more are begun than that many ahead', async () => {
  let [begun, ended, most] = [0, 0, 0]
  const work = async (number: number): Promise<number> => {
    most = Math.max(most, ++begun - ended)
    // The later ones are done sooner.
    for (let turn = number % 4; turn < 4; turn++) await Promise.resolve()
    return number
  }
  const found: number[] = []
  for await (const number of inOrder(numbers(50), 8, work)) {
    ended += 1
    found.push(number)
  }
  expect(found).toEqual(Array.from({ length: 50 }, (_, number) => number))
  expect(most).toBeLessThanOrEqual(8)
  expect(most).toBeGreaterThan(1)
})

test('the first failure ends it, and nothing that follows is begun', async () => {
  let read = 0
  const work = async (number: number): Promise<number> => {
    if (number === 3) throw new Error('no')
    return number
  }
  const all = async (): Promise<void> => {
    for await (const _ of inOrder(
      numbers(1_000, () => ++read),
      4,
      work,
    ));
  }
  await expect(all()).rejects.toThrow('no')
  expect(read).toBeLessThan(10)
})
