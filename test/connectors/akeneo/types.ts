import type { AkeneoAttribute, AkeneoValue } from '../../../sandbox/akeneo/catalogue'
import type { JsonValue } from '../../../sandbox/json'

const colors = {
  options: {
    red: { en_US: 'Red', de_DE: 'Rot' },
    blue: { en_US: 'Blue', de_DE: '' },
    bare: {},
  },
}
const file = '7/d/e/1/7de1f_lamp.jpg'

/** An attribute of one type, and what becomes of its value. */
export type Row = [
  name: string,
  attribute: Partial<AkeneoAttribute> & { type: string },
  data: JsonValue,
  /** As the mapping gets it. */
  attributeValue: JsonValue,
  /** As AEM gets it by the mapping that the repository comes with; undefined when it is left out. */
  patched: JsonValue | undefined,
]

const same = (
  name: string,
  attribute: Partial<AkeneoAttribute> & { type: string },
  data: JsonValue,
  value: JsonValue,
): Row => [name, attribute, data, value, value]

export const table: Row[] = [
  same('identifier', { type: 'pim_catalog_identifier' }, '4006381333931', '4006381333931'),
  same('text', { type: 'pim_catalog_text' }, '12.50', '12.50'),
  same('textarea', { type: 'pim_catalog_textarea' }, '<p>Warm\nlight</p>', '<p>Warm\nlight</p>'),
  same('number', { type: 'pim_catalog_number' }, 12, 12),
  same('number 0', { type: 'pim_catalog_number' }, 0, 0),
  same('number with decimals', { type: 'pim_catalog_number' }, '12.5000', 12.5),
  same('negative number', { type: 'pim_catalog_number' }, '-0.25', -0.25),
  same(
    'number of more digits than JavaScript holds',
    { type: 'pim_catalog_number' },
    '1234567890.12345678',
    '1234567890.12345678',
  ),
  same('true', { type: 'pim_catalog_boolean' }, true, true),
  same('false', { type: 'pim_catalog_boolean' }, false, false),
  same('date', { type: 'pim_catalog_date' }, '2030-05-06T00:00:00+02:00', '2030-05-06'),
  same('date without a time', { type: 'pim_catalog_date' }, '2030-05-06', '2030-05-06'),
  same('measurement', { type: 'pim_catalog_metric' }, { amount: '1.5000', unit: 'KILOGRAM' }, '1.5 KILOGRAM'),
  same(
    'measurement with a symbol',
    { type: 'pim_catalog_metric' },
    { amount: 60, unit: 'WATT', symbol: 'W' },
    '60 W',
  ),
  same(
    'measurement of whole tens',
    { type: 'pim_catalog_metric' },
    { amount: '100.0000', unit: 'WATT' },
    '100 WATT',
  ),
  same(
    'price in two currencies',
    { type: 'pim_catalog_price_collection' },
    [
      { amount: '19.90', currency: 'EUR' },
      { amount: 21, currency: 'USD' },
    ],
    ['19.90 EUR', '21 USD'],
  ),
  [
    'price without an amount in one currency',
    { type: 'pim_catalog_price_collection' },
    [
      { amount: null, currency: 'EUR' },
      { amount: '5.00', currency: 'USD' },
    ],
    ['5.00 USD'],
    '5.00 USD',
  ],
  same('simple select', { type: 'pim_catalog_simpleselect', ...colors }, 'red', 'Red'),
  same(
    'simple select, option without a label',
    { type: 'pim_catalog_simpleselect', ...colors },
    'bare',
    'bare',
  ),
  same('multi select', { type: 'pim_catalog_multiselect', ...colors }, ['red', 'blue'], ['Red', 'Blue']),
  same('image', { type: 'pim_catalog_image' }, file, file),
  same('file', { type: 'pim_catalog_file' }, 'a/b/c/d/1_manual.pdf', 'a/b/c/d/1_manual.pdf'),
  same(
    'asset collection',
    { type: 'pim_catalog_asset_collection', referenceData: 'packshots' },
    ['lamp_front', 'lamp_back'],
    ['lamp_front', 'lamp_back'],
  ),
  same(
    'reference entity',
    { type: 'akeneo_reference_entity', referenceData: 'designer' },
    'jane_doe',
    'jane_doe',
  ),
  same(
    'reference entities',
    { type: 'akeneo_reference_entity_collection', referenceData: 'brand' },
    ['acme', 'bulbco'],
    ['acme', 'bulbco'],
  ),
  same(
    'reference data',
    { type: 'pim_reference_data_multiselect', referenceData: 'fabrics' },
    ['wool', 'silk'],
    ['wool', 'silk'],
  ),
  same(
    'link to a product',
    { type: 'pim_catalog_product_link' },
    { type: 'product', id: 'u-1', identifier: 'LAMP-8' },
    'LAMP-8',
  ),
  same(
    'link to a product by uuid',
    { type: 'pim_catalog_product_link' },
    { type: 'product', id: 'u-1' },
    'u-1',
  ),
  [
    'table',
    { type: 'pim_catalog_table' },
    [{ ingredient: 'steel', share: '80' }],
    [{ ingredient: 'steel', share: '80' }],
    undefined,
  ],
  [
    'table as rows',
    { type: 'pim_catalog_table' },
    [
      ['a', '1'],
      ['b', '2'],
    ],
    [
      ['a', '1'],
      ['b', '2'],
    ],
    undefined,
  ],
  same('a type from the future with a text', { type: 'pim_future_text' }, 'x', 'x'),
  same('a type from the future with a number', { type: 'pim_future_number' }, 7, 7),
  [
    'a type from the future with an object',
    { type: 'pim_future_object' },
    { x: { y: [1] } },
    { x: { y: [1] } },
    undefined,
  ],
]

export const variants: [string, { localizable: boolean; scopable: boolean }, Omit<AkeneoValue, 'data'>][] = [
  ['one value', { localizable: false, scopable: false }, { locale: null, scope: null }],
  ['a value per locale', { localizable: true, scopable: false }, { locale: 'en_US', scope: null }],
  ['a value per channel', { localizable: false, scopable: true }, { locale: null, scope: 'ecommerce' }],
  [
    'a value per locale and channel',
    { localizable: true, scopable: true },
    { locale: 'en_US', scope: 'ecommerce' },
  ],
]
