import { declareInputs, origin, text } from '../../src/plugin/inputs'

/** The inputs of the destination, behind their prefix. */
export const depotInputs = declareInputs({
  URL: {
    meaning: 'The origin of the server.',
    required: true,
    example: 'https://depot.example.com',
    shape: origin,
  },
  TOKEN: {
    meaning: 'A token that may read, write and delete files.',
    required: true,
    shape: text,
    secret: true,
  },
})
