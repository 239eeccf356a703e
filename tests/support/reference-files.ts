import { BusinessCalendar, parseBusinessDay } from '../../src/domain/business-day.ts';

/** A small catalog of two developers; `changes` replaces or adds lists. */
export function catalogText(changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    developers: [
      { id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' },
      { id: 'dev_8', name: 'Eight', type: 'individual', country: 'DE' },
    ],
    apps: [
      { id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' },
      { id: 'app_8_1', developer_id: 'dev_8', name: 'Figure Eight', category: 'games' },
    ],
    ad_units: [
      { id: 'unit_7_1_b', app_id: 'app_7_1', format: 'banner' },
      { id: 'unit_8_1_v', app_id: 'app_8_1', format: 'video' },
    ],
    campaigns: [
      {
        id: 'c_42',
        currency: 'CNY',
        rate_cards: [{ effective_from: '2018-01-01', effective_to: null, cpm: '2.50', cpc: '0.30' }],
      },
    ],
    ...changes,
  });
}

/** A plan of half the gross for everybody, with `changes`. */
export function planEntry(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'half',
    scope: { default: true },
    currency: 'CNY',
    effective_from: '2018-03-28',
    effective_to: null,
    basis: 'app_day',
    mode: 'marginal',
    tiers: [{ share: '0.50' }],
    ...changes,
  };
}

export function plansText(...plans: Record<string, unknown>[]): string {
  return JSON.stringify({ plans });
}

export const day = parseBusinessDay;

export const shanghai = new BusinessCalendar('Asia/Shanghai');
