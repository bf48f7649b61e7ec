import type { ListedObject } from '../../plugin/destination'

/** What a destination listed, in about forty bytes a file: the keys themselves are not kept. */
export type HeldFiles = {
  add(listed: ListedObject): void
  /** Notes that a key is accounted for. False when it was not listed. */
  claim(key: string): boolean
  /** Whether this version was listed under the key. */
  holds(key: string, version: string, size: number | undefined): boolean
  isClaimed(key: string): boolean
  readonly size: number
  /** Where files lie that nobody has claimed: as `after`, and as the last key, of a list. In the order they came. */
  unclaimed(): readonly { after: string | undefined; last: string | undefined }[]
}

/** Files between two keys that are remembered as they are. */
const blockSize = 256
const firstRoom = 1_024

/**
 * Creates a table by hashes of 52 bits: among three million keys, the chance that any two share one is a thousandth, and
 * then they count as one file.
 */
export function createHeldFiles(): HeldFiles {
  let room = firstRoom
  let slots = new Int32Array(room * 2).fill(-1)
  let [keys, versions, sizes] = [new Float64Array(room), new Float64Array(room), new Float64Array(room)]
  let claimed = new Uint8Array(room)
  let count = 0
  const lastKeys: string[] = []

  return {
    add({ key, version = '', size }) {
      const hash = hashOf(key)
      // Once more, after a list that was begun again.
      if ((slots[slotOf(hash)] ?? -1) >= 0) return
      if (count === room) grow()
      slots[slotOf(hash)] = count
      keys[count] = hash
      versions[count] = hashOf(version)
      sizes[count] = size
      lastKeys[Math.floor(count / blockSize)] = key
      count += 1
    },
    claim(key) {
      const at = find(key)
      if (at !== undefined) claimed[at] = 1
      return at !== undefined
    },
    holds(key, version, size) {
      const at = find(key)
      if (at === undefined || versions[at] !== hashOf(version)) return false
      return size === undefined || sizes[at] === size
    },
    isClaimed: (key) => claimed[find(key) ?? -1] === 1,
    get size() {
      return count
    },
    unclaimed: () =>
      lastKeys.flatMap((last, block) => {
        const files = claimed.subarray(block * blockSize, Math.min(count, (block + 1) * blockSize))
        if (files.every((isClaimed) => isClaimed === 1)) return []
        const isLast = block === lastKeys.length - 1
        return [{ after: lastKeys[block - 1], last: isLast ? undefined : last }]
      }),
  }

  function find(key: string): number | undefined {
    const index = slots[slotOf(hashOf(key))] ?? -1
    return index < 0 ? undefined : index
  }

  /** The slot of a hash, or the free one where it belongs. */
  function slotOf(hash: number): number {
    let at = hash % slots.length
    for (;;) {
      const index = slots[at] ?? -1
      if (index < 0 || keys[index] === hash) return at
      at = (at + 1) % slots.length
    }
  }

  function grow(): void {
    room *= 2
    const wider = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(room)
      next.set(old)
      return next
    }
    ;[keys, versions, sizes] = [wider(keys), wider(versions), wider(sizes)]
    const marks = new Uint8Array(room)
    marks.set(claimed)
    claimed = marks
    slots = new Int32Array(room * 2).fill(-1)
    for (let index = 0; index < count; index++) slots[slotOf(keys[index] ?? 0)] = index
  }
}

/** 52 bits that depend on every character: two multiplying hashes side by side. An attacker gains nothing by a collision. */
function hashOf(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57]
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, 0x9e3779b1)
    low = Math.imul(low ^ unit, 0x5f356495)
  }
  high = mixed(high) ^ mixed(low ^ text.length)
  low = mixed(low) ^ mixed(high)
  return (high >>> 12) * 2 ** 32 + (low >>> 0)
}

/** Every bit of the result depends on every bit. */
function mixed(bits: number): number {
  const half = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  const whole = Math.imul(half ^ (half >>> 13), 0xc2b2ae35)
  return whole ^ (whole >>> 16)
}
