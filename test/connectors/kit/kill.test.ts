import { describeKills } from './kill'
import { killTargets } from './kill-targets'

/** A few of each kind: files that are renamed, and files that are sent. `kill.soak.ts` kills more, at every destination. */
describe('killed in the middle of a put', () => {
  describeKills(killTargets.folder, 6)
  describeKills(killTargets.https, 3)
})
