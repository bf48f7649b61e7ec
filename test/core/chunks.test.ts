import { chunksOf } from '../../src/core/chunks'

test.each([
  [[], []],
  [[1], [[1]]],
  [
    [1, 2, 3, 4],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    [1, 2, 3],
    [[1, 2], [3]],
  ],
])('%j in parts of two is %j', (items, chunks) => {
  expect(chunksOf<number>(items, 2)).toEqual(chunks)
})
