/** The sort of a piece of work in a run: whether it was parked before, and the action whose flow it goes through. */
export type Sort = `${'new' | 'parked'} ${string}`

/** The sort of new work, or of parked work, for the flow of an action. */
export const sortOf = (origin: 'new' | 'parked', action: string): Sort => `${origin} ${action}`

/** Whether work of this sort is new. */
export const isNew = (sort: Sort): boolean => sort.startsWith('new ')
