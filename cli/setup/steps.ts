import type { SetupStep } from './step'

/** What comes after the environment's own files, in this order. */
export const steps: readonly SetupStep[] = []
