import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { formatAmount, nanos } from '../../src/domain/nanos.ts';
import { grouped } from '../../src/statements/text-table.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const DAY = parseBusinessDay('2018-04-15');
const AS_OF = new Date('2018-04-16T02:00:00+08:00');

let system: SettlementSystem;

beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4 });
});
afterAll(async () => await system.drop());

test('the example of docs/accounting.md comes out as the page tells it', async () => {
  const page = await readFile(new URL('../../docs/accounting.md', import.meta.url), 'utf8');
  await system.importCatalog({
    developers: [{ id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' }],
    apps: [{ id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' }],
    ad_units: [{ id: 'unit_7_1_b', app_id: 'app_7_1', format: 'banner' }],
  });
  await system.importPlans({
    id: 'wechat-2018-03',
    scope: { default: true },
    currency: 'CNY',
    effective_from: '2018-03-28',
    effective_to: null,
    basis: 'app_day',
    mode: 'marginal',
    tiers: [{ up_to: '100000.00', share: '0.50' }, { share: '0.30' }],
  });
  const event = { app_id: 'app_7_1', ad_unit_id: 'unit_7_1_b', currency: 'CNY' };
  for (const line of [
    { id: 'e1', type: 'click', occurred_at: '2018-04-15T10:00:00+08:00', ...event, price: '150000' },
    { id: 'e2', type: 'impression', occurred_at: '2018-04-15T11:00:00+08:00', ...event, price: '2.345671' },
  ]) {
    await system.ingest([JSON.stringify(line)], { asOf: AS_OF });
    await system.processAll();
    await system.settle(DAY);
  }
  const told = (await system.transfers()).map(row => {
    const amount = grouped(formatAmount(nanos(row.amountNanos), row.currency));
    return `${row.developerId} ${row.appId} ${row.businessDay} ${row.debit} ${row.credit} ${amount} ${row.currency} ${row.version}`;
  });
  expect(told).toHaveLength(4);
  const rowsOfPage = page.split('\n').map(line => line.trim().replaceAll(/ +/g, ' '));
  for (const row of told) expect(rowsOfPage).toContain(row);
});
