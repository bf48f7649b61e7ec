import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import type { JsonValue } from '../../src/core/json'
import { convert, type MetadataType } from '../../src/metadata/convert'

const types: readonly MetadataType[] = ['string', 'integer', 'number', 'boolean', 'date', 'date-time']

describe('a value of the PIM becomes the type that the mapping asks for', () => {
  test.each<[JsonValue, MetadataType, JsonValue]>([
    [12, 'string', '12'],
    [false, 'string', 'false'],
    ['12', 'integer', 12],
    [' -7 ', 'integer', -7],
    ['1e3', 'integer', 1000],
    ['12.0', 'integer', 12],
    ['12.50', 'number', 12.5],
    ['.5', 'number', 0.5],
    ['+5', 'number', 5],
    ['Yes', 'boolean', true],
    [' FALSE ', 'boolean', false],
    [1, 'boolean', true],
    ['0', 'boolean', false],
    ['2030-01-02', 'date', '2030-01-02'],
    ['2028-02-29', 'date', '2028-02-29'],
    ['2030-01-02T23:30:00-05:00', 'date', '2030-01-02'],
    ['2030-01-02 10:00:00', 'date', '2030-01-02'],
    ['2030-01-02T03:04:05.678+02:00', 'date-time', '2030-01-02T01:04:05.678Z'],
    ['2030-01-02T03:04:05+0200', 'date-time', '2030-01-02T01:04:05.000Z'],
    ['2030-01-02', 'date-time', '2030-01-02T00:00:00.000Z'],
    [1_893_456_000_000, 'date-time', '2030-01-01T00:00:00.000Z'],
  ])('%j as %s is %j', (value, type, expected) => {
    expect(convert(value, type)).toBe(expected)
  })

  test.each<[JsonValue, MetadataType]>([
    ['twelve', 'integer'],
    ['', 'integer'],
    ['12,5', 'number'],
    ['1 000', 'number'],
    ['0x1F', 'integer'],
    ['Infinity', 'number'],
    ['1e999', 'number'],
    [12.5, 'integer'],
    ['9007199254740993', 'integer'],
    [true, 'integer'],
    ['maybe', 'boolean'],
    [2, 'boolean'],
    ['2030-02-31', 'date'],
    ['2029-02-29', 'date'],
    ['2030-13-01', 'date'],
    ['02.01.2030', 'date'],
    ['2030-01-02Thursday', 'date'],
    [20300102, 'date'],
    ['Lamp 5', 'date-time'],
    ['12', 'date-time'],
    ['2030-02-31T00:00:00Z', 'date-time'],
    ['2030-01-02T25:00:00Z', 'date-time'],
    ['Wed Jan 02 2030 03:04:05 GMT+0000', 'date-time'],
    [true, 'date-time'],
    [9e15, 'date-time'],
    [{ amount: 1 }, 'number'],
    [['a'], 'string'],
    [null, 'string'],
  ])('%j is no %s, and the error says so', (value, type) => {
    expect(() => convert(value, type)).toThrow(`${JSON.stringify(value)} is no ${type}`)
  })

  test('a value without a wanted type stays as the PIM has it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => expect(convert(value as JsonValue, undefined)).toBe(value)),
    )
  })

  test('an object is told what to do with', () => {
    expect(() => convert({ amount: 12, unit: 'EUR' }, 'number')).toThrow('compute')
  })

  test('a very long value does not flood the error', () => {
    expect(() => convert('x'.repeat(10_000), 'integer')).toThrow(/^.{1,120}$/)
  })

  test('a time without a zone is the same instant on every machine', () => {
    // Jest gives its tests a copy of the environment, so another time zone takes another process.
    const script = `
      const { convert } = require('./src/metadata/convert.ts')
      const texts = ['2030-01-02T10:00:00', '2030-01-02 10:00']
      console.log(new Date(0).getTimezoneOffset(), ...texts.map((text) => convert(text, 'date-time')))`
    const printed = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], {
      cwd: join(__dirname, '../..'),
      env: { ...process.env, TZ: 'Asia/Kolkata' },
      encoding: 'utf8',
    })
    expect(printed.trim()).toBe('-330 2030-01-02T10:00:00.000Z 2030-01-02T10:00:00.000Z')
  })

  test('what is converted once stays as it is when it is converted again', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
        .map((date) => date.toISOString()),
      fc.double().map(String),
      fc.constantFrom('true', 'no', '2030-01-02', '007'),
    )
    fc.assert(
      fc.property(value, fc.constantFrom(...types), (input, type) => {
        let once: JsonValue
        try {
          once = convert(input as JsonValue, type)
        } catch (thrown) {
          expect(thrown).toMatchObject({ message: expect.stringContaining(`is no ${type}`) })
          return
        }
        expect(convert(once, type)).toBe(once)
        expect(JSON.parse(JSON.stringify(once))).toBe(Object.is(once, -0) ? 0 : once)
      }),
      { numRuns: 3_000 },
    )
  })

  test('every instant survives', () => {
    const dates = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
    fc.assert(
      fc.property(dates, (date) => {
        const text = date.toISOString()
        expect(convert(text, 'date-time')).toBe(text)
        expect(convert(date.getTime(), 'date-time')).toBe(text)
        expect(convert(text, 'date')).toBe(text.slice(0, 10))
      }),
    )
  })
})
