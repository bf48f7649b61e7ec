/**
 * What a process that is started with an environment of its own needs besides, so that `npm run bench -- profile` sees
 * it. Empty in any other run.
 */
export const profiledEnv: Readonly<Record<string, string>> =
  process.env.BENCH_PROFILE === undefined ? {} : { NODE_OPTIONS: process.env.BENCH_PROFILE }
