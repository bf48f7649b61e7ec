import { createBatchWindow } from '../../../src/flows/sync/batch-window'

function setup() {
  const waits: number[] = []
  let now = 0
  const clock = {
    now: () => now,
    sleep: (ms: number) => {
      waits.push(ms)
      return new Promise<void>(() => undefined)
    },
  }
  const window = createBatchWindow(clock, () => undefined)
  const at = (ms: number): void => {
    now = ms
  }
  return { window, waits, at }
}

test('a wait that is set anew again and again ends all the same, and the next one begins anew', () => {
  const { window, waits, at } = setup()
  for (const time of [0, 400, 800, 1_200]) {
    at(time)
    window.endAfter(500, 1_000)
  }
  window.close()
  window.endAfter(500, 1_000)

  expect(waits).toEqual([500, 500, 200, 0, 500])
})

test('without a bound it waits each time as long as it is told', () => {
  const { window, waits, at } = setup()
  window.endAfter(500)
  at(10_000)
  window.endAfter(500)

  expect(waits).toEqual([500, 500])
})
