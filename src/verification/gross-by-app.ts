import { nanos } from '../domain/nanos.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import type { AppGross } from '../settlement/worth-of-apps.ts';

/** What the apps earned on one day, from what their ad units did. */
export function grossByApp(earnings: Iterable<Readonly<UnitEarnings>>): AppGross[] {
  const grosses = new Map<string, AppGross>();
  for (const { developerId, appId, currency, grossNanos } of earnings) {
    const key = `${appId}\0${currency}`;
    const before = grosses.get(key)?.grossNanos ?? 0n;
    grosses.set(key, { developerId, appId, currency, grossNanos: nanos(before + grossNanos) });
  }
  return [...grosses.values()];
}
