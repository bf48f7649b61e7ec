import { describeKills } from './kill'
import { killTargets } from './kill-targets'

/** Set KILLS=100 for a longer run. */
const kills = Number(process.env.KILLS ?? 12)

describe('killed in the middle of a put', () => {
  for (const target of Object.values(killTargets)) describeKills(target, kills)
})
