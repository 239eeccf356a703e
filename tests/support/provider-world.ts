import { bucketOf } from '../../src/domain/bucket.ts';
import { SettlementSystem } from './settlement-system.ts';

export const PROVIDER_BUCKETS = 4;

/** The first day on which anything is confirmed or earned here. */
export const FIRST_DAY = '2018-04-10';

/** Ids of owners whose books lie in given buckets: `agency_0`, `agency_1`, … */
export function ownerIn(bucket: number, prefix = 'agency'): string {
  for (let number = 0; ; number += 1) {
    if (bucketOf(`${prefix}_${number}`, PROVIDER_BUCKETS) === bucket) return `${prefix}_${number}`;
  }
}

interface Term {
  readonly effective_from?: string;
  readonly effective_to?: string;
  readonly ratio?: string;
}

/** A provider as a catalog has it; apps without terms of their own have them from the first day on, at the default ratio. */
export function provider(
  id: string,
  ratio: string | null,
  apps: Readonly<Record<string, Term | readonly Term[]>> = {},
) {
  const engagements = Object.entries(apps).flatMap(([appId, terms]) =>
    [terms].flat().map(term => ({ app_id: appId, effective_from: FIRST_DAY, ...term })),
  );
  return {
    ...{ id, name: `Agency ${id}`, type: 'company', country: 'CN' },
    ratios: ratio === null ? [] : [{ effective_from: '2018-01-01', ratio }],
    apps: engagements,
  };
}

/** Installations with a developer, `dev_1`, of the apps `app_1` and `app_2`, and half of each gross for its developer. */
export async function openProviderWorld(plan: Record<string, unknown> = {}): Promise<SettlementSystem> {
  const system = await SettlementSystem.open({ bucketCount: PROVIDER_BUCKETS, now: `${FIRST_DAY}T12:00:00+08:00` });
  await fillProviderWorld(system, plan);
  return system;
}

export async function fillProviderWorld(system: SettlementSystem, plan: Record<string, unknown> = {}): Promise<void> {
  await system.importCatalog({
    developers: [{ id: 'dev_1', name: 'One', type: 'company', country: 'CN' }],
    apps: ['app_1', 'app_2'].map(id => ({ id, developer_id: 'dev_1', name: id, category: 'games' })),
    ad_units: ['app_1', 'app_2'].map(id => ({ id: `${id}_unit`, app_id: id, format: 'banner' })),
  });
  await system.importPlans({
    ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }], ...plan },
  });
}

let lastId = 0;

/** A click at noon of the day that earns `price`. */
export function clickOf(appId: string, on: string, price: string): string {
  lastId += 1;
  const event = { id: `c${lastId}`, type: 'click', occurred_at: `${on}T12:00:00+08:00`, app_id: appId };
  return JSON.stringify({ ...event, ad_unit_id: `${appId}_unit`, currency: 'CNY', price });
}
