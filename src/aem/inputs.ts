import { declareInputs } from '../inputs/declaration'
import { flag, list, oneOf, text, wholeNumber } from '../inputs/shapes'
import { authorOrigin } from './author-origin'

/** The inputs about the authors, and about requests to them. */
export const aemInputs = declareInputs({
  AEM_AUTHOR_URLS: {
    meaning:
      'The origin of your AEM author, or several separated by commas. Only these get a token, and the first one is taken when an event names none. A host that is not one of AEM as a Cloud Service has to be listed in `config/deployment.ts`, too.',
    required: true,
    example: 'https://author-p1-e2.adobeaemcloud.com',
    shape: list('origin', authorOrigin),
  },
  AEM_API_KEY: {
    meaning: 'The header `X-Api-Key`, where AEM expects another one.',
    unset: 'the client id',
    shape: text,
  },
  AEM_PATCH_PATHS: {
    meaning:
      'How a property is addressed in a write: `short` (`/dc:title`), `full` (`/assetMetadata/dc:title`) or `bare` (`dc:title`). `auto` finds out which one your AEM takes.',
    default: 'auto',
    shape: oneOf(['auto', 'short', 'full', 'bare']),
  },
  AEM_EXPERIMENTAL: {
    meaning: 'Sends `X-Adobe-Accept-Experimental: 1`, which older releases of the API demand: true or false.',
    default: 'true',
    shape: flag,
  },
  AEM_CONCURRENCY: {
    meaning:
      'The most requests at once from one container to one author, 1 to 100. It begins with 8, or with this where it is less. More follow while AEM keeps up, and fewer when it refuses some or gets slow.',
    default: '40',
    shape: wholeNumber(1, 100),
  },
})
