import { aemProject } from './aem-project/step'
import { akeneoSubscription } from './akeneo-subscription'
import { eventRegistrations } from './registrations/step'
import type { SetupStep } from './step'

/** What comes after the environment's own files, in this order. */
export const steps: readonly SetupStep[] = [aemProject, eventRegistrations, akeneoSubscription]
