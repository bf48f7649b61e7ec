import * as v from 'valibot'
import { parseJson } from '../../core/json'
import type { Store } from '../../store/store'
import { type Alert, AlertRecord } from './alert'

/** One for the app, whatever the number of alerts. */
export const alertsKey = 'alerts'
const ttlSeconds = 365 * 24 * 3600
const Memory = v.object({ alerts: v.array(AlertRecord) })

/**
 * The alerts that stand. A memory that cannot be read is none: what is still wrong is raised again.
 * @throws {BridgeError} when State fails
 */
export async function readAlerts(store: Store, signal: AbortSignal): Promise<readonly Alert[]> {
  const record = v.safeParse(Memory, parseJson((await store.get(alertsKey, signal)) ?? ''))
  return record.success ? record.output.alerts : []
}

/** The alerts that an operator is shown: not those whose end only waits for the webhook. */
export const standing = (alerts: readonly Alert[]): readonly Alert[] =>
  alerts.filter(({ due }) => due !== 'cleared')

/** @throws {BridgeError} when State fails */
export async function writeAlerts(
  store: Store,
  alerts: readonly Alert[],
  signal: AbortSignal,
): Promise<void> {
  if (alerts.length === 0) await store.remove(alertsKey, signal)
  else await store.put(alertsKey, JSON.stringify({ alerts }), ttlSeconds, signal)
}
