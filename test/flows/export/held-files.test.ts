import { createHeldFiles } from '../../../src/flows/export/held-files'

const file = (number: number, version = `v${number}`) => ({
  key: `shop/${number}.png`,
  version,
  size: number,
})

test('what was listed is known by key, version and size, and nothing else is', () => {
  const held = createHeldFiles()
  for (let number = 0; number < 5_000; number++) held.add(file(number))
  held.add(file(7, 'listed twice'))
  expect(held.size).toBe(5_000)
  for (let number = 0; number < 5_000; number++) {
    const { key, version, size } = file(number)
    expect(held.holds(key, version, size)).toBe(true)
  }
  expect(held.holds('shop/7.png', 'v7', undefined)).toBe(true)
  expect(held.holds('shop/7.png', 'v8', 7)).toBe(false)
  expect(held.holds('shop/7.png', 'v7', 8)).toBe(false)
  expect(held.holds('shop/none.png', 'v7', 7)).toBe(false)
  expect(held.claim('shop/none.png')).toBe(false)
})

test('it tells between which keys there are files that nobody claims', () => {
  const held = createHeldFiles()
  for (let number = 0; number < 1_000; number++) held.add(file(number))
  expect(held.unclaimed()).toHaveLength(4)
  for (let number = 0; number < 1_000; number++)
    if (number !== 300 && number !== 999) held.claim(file(number).key)
  expect(held.isClaimed('shop/300.png')).toBe(false)
  expect(held.isClaimed('shop/299.png')).toBe(true)
  expect(held.unclaimed()).toEqual([
    { after: 'shop/255.png', last: 'shop/511.png' },
    { after: 'shop/767.png', last: undefined },
  ])
  held.claim('shop/300.png')
  held.claim('shop/999.png')
  expect(held.unclaimed()).toEqual([])
  expect(createHeldFiles().unclaimed()).toEqual([])
})
