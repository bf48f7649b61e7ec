import { declareInputs, origin, text } from '../../src/plugin/inputs'

/** The inputs of the communicator, behind their prefix. */
export const catalogInputs = declareInputs({
  URL: {
    meaning: 'The origin of the PIM.',
    required: true,
    example: 'https://catalog.example.com',
    shape: origin,
  },
  API_KEY: { meaning: 'A key that may read products.', required: true, shape: text, secret: true },
})
