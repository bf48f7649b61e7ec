import { type Activations, createActivations } from '../delivery/activations'
import type { FlowContext } from '../flows/event-flow'

/** The way to other actions; undefined where there is none: on the command line, and under `aio app dev`. */
export const activationsOf = ({ runtime }: Pick<FlowContext, 'runtime'>): Activations | undefined =>
  runtime === undefined ? undefined : createActivations(runtime)
