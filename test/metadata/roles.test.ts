import { roleByFileName, roleByProperty } from '../../src/metadata/roles'

test.each<[string, object | undefined]>([
  ['lamp_1.png', { role: 'main' }],
  ['lamp_2.png', { role: 'gallery', position: 2 }],
  ['lamp_012.png', { role: 'gallery', position: 12 }],
  ['lamp_main.png', { role: 'main' }],
  ['lamp_gallery.png', { role: 'gallery' }],
  ['lamp_back.png', undefined],
  ['lamp.png', undefined],
])('the file name %s gives a role', (name, role) => {
  const rule = roleByFileName(/_(\w+)\.\w+$/g)
  // Twice: a pattern with `g` must not keep its position.
  expect([rule.roleOf({ name, metadata: {} }), rule.roleOf({ name, metadata: {} })]).toEqual([role, role])
})

test('a group that catches nothing is the main picture, and the position of the main one can be told', () => {
  const role = (name: string) =>
    roleByFileName(/^[^_]*(?:_(\d+))?\.\w+$/, { main: 0 }).roleOf({ name, metadata: {} })
  expect(role('lamp.png')).toEqual({ role: 'main' })
  expect(role('lamp_0.png')).toEqual({ role: 'main' })
  expect(role('lamp_1.png')).toEqual({ role: 'gallery', position: 1 })
})

test.each([
  ['Main', { role: 'main' }],
  [['gallery 3'], { role: 'gallery', position: 3 }],
  [4, { role: 'gallery', position: 4 }],
  ['', undefined],
  ['front', undefined],
])('the property %j gives a role', (value, role) => {
  expect(roleByProperty('role').roleOf({ name: 'x', metadata: { role: value } })).toEqual(role)
})
