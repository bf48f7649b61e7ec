export {
  declareInputs,
  type InputDeclaration,
  type InputDeclarations,
  type InputValues,
  inputName,
  type Parsed,
  prefixed,
  type Shape,
} from '../inputs/declaration'
export type { InputName } from '../inputs/raw-inputs'
export {
  flag,
  jsonPointer,
  list,
  matching,
  names,
  oneOf,
  origin,
  readServiceUrl,
  startingPoint,
  text,
  texts,
  wholeNumber,
} from '../inputs/shapes'
export {
  type InputAccess,
  type InputSource,
  inputError,
  isSet,
  missing,
  readBoth,
  valuesOf,
  withOptions,
} from '../inputs/values'
