import { ownerProfiles } from '../catalog/owner-profiles.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import {
  invoiceRules,
  type PayeeType,
  type Recorded,
  type WithholdingTable,
  withholdingTables,
} from './payout-terms.ts';

/** What tax makes of a payout to one owner. */
export interface TaxTreatment {
  readonly country: string;
  readonly payee: PayeeType;
  /**
   * Null: none is in force. Nothing is withheld from a company then; an individual can't be paid, for that nothing is to be withheld
   * has to be said by a table.
   */
  readonly table: Recorded<WithholdingTable> | null;
  /** Of companies, unless a rule of their country says not. */
  readonly invoiceRequired: boolean;
}

/**
 * How payouts of a currency are taxed on the day, by owner, by the country and type that the catalog has last. Owners that are
 * neither developers nor service providers are missing.
 */
export async function withholdingFor(
  q: Queryable,
  {
    ownerIds,
    currency,
    day,
  }: { readonly ownerIds: readonly string[]; readonly currency: string; readonly day: BusinessDay },
): Promise<Map<string, TaxTreatment>> {
  const profiles = await ownerProfiles(q, ownerIds);
  const tables = await withholdingTables(q, { on: day, currency });
  const tableOf = new Map(tables.map(table => [`${table.country} ${table.payee}`, table]));
  const rules = new Map((await invoiceRules(q, { on: day })).map(rule => [rule.country, rule.required]));
  const treatments = new Map<string, TaxTreatment>();
  for (const [ownerId, { country, type: payee }] of profiles) {
    const table = tableOf.get(`${country} ${payee}`) ?? null;
    const invoiceRequired = payee === 'company' && (rules.get(country) ?? true);
    treatments.set(ownerId, { country, payee, table, invoiceRequired });
  }
  return treatments;
}
