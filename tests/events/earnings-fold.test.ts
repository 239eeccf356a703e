import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { nanos } from '../../src/domain/nanos.ts';
import { EarningsFold, type UnitEarnings } from '../../src/earnings/earnings-fold.ts';

const DAYS = ['2018-04-01', '2018-04-02'].map(parseBusinessDay);

const row = fc
  .record({
    day: fc.nat(1),
    unit: fc.nat(5),
    currency: fc.constantFrom('CNY', 'EUR'),
    events: fc.integer({ min: 1, max: 9 }),
  })
  .map(
    ({ day, unit, currency, events }): UnitEarnings => ({
      businessDay: DAYS[day] as (typeof DAYS)[number],
      developerId: `dev_${unit >> 2}`,
      appId: `app_${unit >> 1}`,
      adUnitId: `unit_${unit}`,
      currency,
      impressions: events,
      clicks: 1,
      grossNanos: nanos(BigInt(events) * 10n),
    }),
  );
const distinctRows = fc.uniqueArray(row, {
  maxLength: 12,
  selector: ({ businessDay, adUnitId, currency }) => `${businessDay} ${adUnitId} ${currency}`,
});

test.prop([
  fc.array(fc.record({ rows: distinctRows, atOnce: fc.boolean(), isReadAfter: fc.boolean() }), { maxLength: 5 }),
])('rows added at once come to what they come to one by one', parts => {
  const [fold, oneByOne] = [new EarningsFold(), new EarningsFold()];
  for (const { rows, atOnce, isReadAfter } of parts) {
    for (const each of rows) oneByOne.add(each, each);
    if (atOnce) fold.addDistinct(rows.map(each => ({ ...each })));
    else for (const each of rows) fold.add(each, each);
    if (isReadAfter) expect(fold.sorted()).toEqual(oneByOne.sorted());
  }
  expect(fold.sorted()).toEqual(oneByOne.sorted());
  for (const day of DAYS) expect(fold.onDay(day).length).toBe(oneByOne.onDay(day).length);
  expect(fold.sorted()).toEqual(oneByOne.sorted());
});
