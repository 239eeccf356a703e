import { importPayees } from '../../src/payouts/import-payees.ts';
import { importExchangeRates } from '../../src/payouts/import-rates.ts';
import { importPayoutTerms } from '../../src/payouts/import-terms.ts';
import { parsePayees } from '../../src/payouts/payee-file.ts';
import type { PayoutImport } from '../../src/payouts/record-import.ts';
import { parsePayoutTerms } from '../../src/payouts/terms-file.ts';
import type { SettlementSystem } from './settlement-system.ts';

const ACTOR = 'li.wei';

/** Records terms at the system's present; whether the actor may is not asked. @throws Refusal `bad_payout_terms` */
export async function recordPayoutTerms(system: SettlementSystem, terms: object): Promise<PayoutImport> {
  const file = parsePayoutTerms(JSON.stringify(terms), 'payout-terms.json');
  return await system.db.transaction(tx => importPayoutTerms(tx, file, { recordedAt: system.now, actor: ACTOR }));
}

/** @throws Refusal `bad_payees` */
export async function recordPayees(system: SettlementSystem, ...payees: readonly object[]): Promise<PayoutImport> {
  const file = parsePayees(JSON.stringify({ payees }), 'payees.json');
  return await system.db.transaction(tx => importPayees(tx, file, { recordedAt: system.now, actor: ACTOR }));
}

/** Each rate as `source_currency,target_currency,day,rate,source`. @throws Refusal `bad_csv`, `bad_rates` */
export async function recordRates(system: SettlementSystem, ...rates: readonly string[]): Promise<PayoutImport> {
  const text = ['source_currency,target_currency,day,rate,source', ...rates, ''].join('\n');
  const today = system.calendar.dayOf(system.now.getTime());
  return await system.db.transaction(tx =>
    importExchangeRates(tx, { text, source: 'rates.csv', today }, { recordedAt: system.now, actor: ACTOR }),
  );
}

/** 100.00 CNY, due 10 days after the period, unless `changes` say otherwise. */
export function currencyEntry(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { currency: 'CNY', threshold: '100.00', net_days: 10, effective_from: '2018-01-01', ...changes };
}

/** A flat 20 % of what individuals of China are paid, unless `changes` say otherwise. */
export function withholdingEntry(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const of = { id: 'cn-flat', country: 'CN', payee: 'individual', currency: 'CNY', effective_from: '2018-01-01' };
  return { ...of, tiers: [{ rate: '0.20' }], ...changes };
}
