import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatAmount, nanos } from '../../src/domain/nanos.ts';
import { grouped } from '../../src/statements/text-table.ts';
import { Deciding, PERSONS } from '../support/deciding.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const DAY = '2018-04-15';

let system: SettlementSystem;
let page: string;

beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-16T02:00:00+08:00' });
  page = await readFile(new URL('../../docs/traffic-quality.md', import.meta.url), 'utf8');
});
afterAll(async () => await system.drop());

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(match => match[1] ?? '');
}

test('the example of docs/traffic-quality.md comes out as the page tells it', async () => {
  const [policies = '', invalidation = ''] = blocks('json');
  const [events = ''] = blocks('ndjson');
  await system.importCatalog({
    developers: [{ id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' }],
    apps: [{ id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' }],
    ad_units: [{ id: 'unit_7_1_b', app_id: 'app_7_1', format: 'banner' }],
  });
  await system.importPlans({
    ...{ id: 'tiered', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ up_to: '100.00', share: '0.50' }, { share: '0.30' }] },
  });
  await system.importTrafficWith(
    '203.0.113.0/24',
    ...(JSON.parse(policies) as { traffic_policies: object[] }).traffic_policies,
  );

  const summary = await system.take(events.trim().split('\n'));
  expect(summary.invalid).toEqual({ known_bot: 1, data_centre: 1 });
  expect(await system.earnings()).toEqual([`${DAY}|dev_7|app_7_1|unit_7_1_b|CNY|1|5|220002500000`]);
  await system.settle(DAY);
  const deciding = new Deciding(system);
  await deciding.importPersons(PERSONS);
  await deciding.propose(JSON.parse(invalidation), 'li.wei', { 'events.txt': 'click c-7\n' });
  await deciding.approve('ticket-4711');
  await system.settle(DAY);
  const back = { kind: 'reinstate', parameters: { invalidation: 'ticket-4711', ground: 'appeal upheld' } };
  await deciding.propose({ ...JSON.parse(invalidation), ...back, id: 'appeal-4711' });
  await deciding.approve('appeal-4711');
  await system.settle(DAY);

  const rowsOfPage = page.split('\n').map(line => line.trim().replaceAll(/ +/g, ' '));
  const payable = (await system.transfers()).filter(row => row.reason === 'developer_share');
  expect(payable).toHaveLength(3);
  for (const row of payable) {
    const amount = grouped(formatAmount(nanos(row.amountNanos), 'CNY'));
    expect(rowsOfPage).toContain(`dev_7 app_7_1 ${DAY} ${row.debit} ${row.credit} ${amount} CNY ${row.version}`);
  }
  const { rows } = await system.db.query<Record<'reason' | 'impressions' | 'clicks' | 'gross' | 'run', string>>(
    `select reason, impressions, clicks, gross_nanos as gross, dense_rank() over (order by requested_at, run_id) as run
     from deductions
     join settlement_runs using (run_id)`,
  );
  expect(rows).toHaveLength(4);
  for (const { run, reason, impressions, clicks, gross } of rows) {
    const amount = formatAmount(nanos(BigInt(gross)), 'CNY');
    expect(rowsOfPage).toContain(`| ${run} | unit_7_1_b | ${reason} | ${impressions} | ${clicks} | ${amount} |`);
  }
  const defaults = (
    await system.db.query<{ checks: object; lookback: number }>(
      'select checks, lookback_days as lookback from traffic_policy_versions',
    )
  ).rows[0];
  await system.importTraffic({ effective_from: '2030-01-01' });
  const left = await system.db.query<{ checks: object }>(
    `select checks from traffic_policy_versions where effective_from = '2030-01-01'`,
  );
  expect([left.rows[0]?.checks, defaults?.lookback]).toEqual([defaults?.checks, 1]);
});
