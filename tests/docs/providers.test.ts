import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatAmount, nanos } from '../../src/domain/nanos.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { grouped } from '../../src/statements/text-table.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const page = readFileSync(new URL('../../docs/providers.md', import.meta.url), 'utf8');
const rowsOfPage = page.split('\n').map(line => line.trim().replaceAll(/ +/g, ' '));

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-10T12:00:00+08:00' });
});
afterAll(async () => await system.drop());

test('the example of docs/providers.md comes out as the page tells it', async () => {
  const [, file = ''] = /^```json\n(.*?)^```$/ms.exec(page) ?? [];
  await system.importCatalog({
    developers: [{ id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' }],
    apps: [
      { id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' },
      { id: 'app_7_2', developer_id: 'dev_7', name: 'Unlucky', category: 'tools' },
    ],
    ad_units: [{ id: 'unit_7_1_b', app_id: 'app_7_1', format: 'banner' }],
  });
  await system.import('catalog', file);
  await system.importPlans({
    ...{ id: 'wechat', scope: { default: true }, currency: 'CNY', effective_from: '2018-03-28', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ up_to: '100000.00', share: '0.50' }, { share: '0.30' }] },
  });
  for (const appId of [null, 'app_7_1', 'app_7_2']) await system.confirmTerms('agency_1', appId);
  system.now = new Date('2018-04-16T02:00:00+08:00');
  const event = { app_id: 'app_7_1', ad_unit_id: 'unit_7_1_b', currency: 'CNY' };
  for (const line of [
    { id: 'e1', type: 'click', occurred_at: '2018-04-15T10:00:00+08:00', ...event, price: '150000' },
    { id: 'e2', type: 'impression', occurred_at: '2018-04-15T11:00:00+08:00', ...event, price: '2.345671' },
  ]) {
    await system.take([JSON.stringify(line)]);
    await system.settle('2018-04-15');
  }
  const told = (await system.transfers()).map(row => {
    const amount = grouped(formatAmount(nanos(row.amountNanos), row.currency));
    return `${row.developerId} ${row.appId} ${row.businessDay} ${row.debit} ${row.credit} ${amount} ${row.currency} ${row.version}`;
  });
  expect(told).toHaveLength(8);
  for (const row of told) expect(rowsOfPage).toContain(row);

  const period = parsePeriod('2018-04-H1');
  const statement = await system.db.snapshot(
    async tx => await statementOf(tx, { providerId: 'agency_1', period, bucketCount: 4 }),
  );
  const [, table = ''] = /then reads\n\n```\n(.*?)\n```/s.exec(page) ?? [];
  expect(table).not.toBe('');
  expect(renderStatement(statement)).toContain(table);
});
