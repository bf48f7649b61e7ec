import { type Activations, createActivations } from '../delivery/activations'
import type { FlowContext } from '../flows/event-flow'

/** Starts other actions; undefined where that is not possible: on the command line, and under `aio app dev`. */
export const activationsOf = ({ runtime }: Pick<FlowContext, 'runtime'>): Activations | undefined =>
  runtime === undefined ? undefined : createActivations(runtime)
