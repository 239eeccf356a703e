import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { formatDecimal } from '../domain/nanos.ts';
import { netGrossDigests, netGrossOfDays } from '../earnings/net-gross-of-days.ts';
import { adRevenueDigests, adRevenueOfDays } from '../ledger/ad-revenue-of-days.ts';

/** An app's day of which the ad units and the ledger tell different amounts. */
export interface UnitDifference {
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly currency: string;
  /** What the ad units earned, less deductions; decimal. */
  readonly earned: string;
  /** What the ledger has. */
  readonly posted: string;
}

/**
 * Where Σ ad units (earnings − deductions) isn't −`ad_revenue`, for each (app, day, currency) that is not due. Who calls it keeps others
 * from posting.
 */
export async function unitDifferences(
  client: pg.ClientBase,
  days: { readonly bucket: number; readonly from: BusinessDay; readonly to: BusinessDay },
): Promise<UnitDifference[]> {
  const { digests: earned, due } = await netGrossDigests(client, days);
  const posted = await adRevenueDigests(client, { ...days, except: due });
  const differing = [...new Set([...earned.keys(), ...posted.keys()])].filter(
    day => earned.get(day) !== posted.get(day),
  );
  const found: UnitDifference[] = [];
  for (const day of differing.sort()) {
    const ofDay = { bucket: days.bucket, from: day, to: day };
    const net = new Map((await netGrossOfDays(client, ofDay)).map(row => [`${row.appId}\0${row.currency}`, row.gross]));
    const revenue = new Map(
      (await adRevenueOfDays(client, { ...ofDay, except: due })).map(row => [
        `${row.appId}\0${row.currency}`,
        row.gross,
      ]),
    );
    for (const key of [...new Set([...net.keys(), ...revenue.keys()])].sort()) {
      if (net.get(key) === revenue.get(key)) continue;
      const [appId = '', currency = ''] = key.split('\0');
      found.push({
        businessDay: day,
        appId,
        currency,
        earned: formatDecimal(BigInt(net.get(key) ?? 0)),
        posted: formatDecimal(BigInt(revenue.get(key) ?? 0)),
      });
    }
  }
  return found;
}
