import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listBalances } from '../../src/ledger/list-balances.ts';
import { explainAppDay } from '../../src/statements/explain.ts';
import { explainEvent } from '../../src/statements/explain-event.ts';
import { explainTransfer } from '../../src/statements/explain-transfer.ts';
import { listDayEvents } from '../../src/statements/list-day-events.ts';
import { dayEventsTable, renderEvent } from '../../src/statements/render-event.ts';
import { renderExplanation } from '../../src/statements/render-explanation.ts';
import { renderTransfer } from '../../src/statements/render-transfer.ts';
import { day } from '../support/reference-files.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const page = readFileSync(new URL('../../docs/explain.md', import.meta.url), 'utf8');
const DAY = '2018-04-15';
const BEFORE = new Date('2018-04-16T18:00:00+08:00');

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-16T02:00:00+08:00' });
  await system.importCatalog({
    developers: [{ id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' }],
    apps: [{ id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' }],
    ad_units: ['a', 'b'].map(each => ({ id: `unit_7_1_${each}`, app_id: 'app_7_1', format: 'banner' })),
  });
  await system.importPlans({
    ...{ id: 'wechat', scope: { default: true }, currency: 'CNY', effective_from: '2018-03-28', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ up_to: '100.00', share: '0.50' }, { share: '0.30' }] },
  });
  const [first = '', late = ''] = [...page.matchAll(/^```ndjson\n(.*?)\n```/gms)].map(match => match[1] ?? '');
  await system.take(first.split('\n'), { name: 'part-1.ndjson' });
  system.now = new Date('2018-04-16T03:30:00+08:00');
  await system.settle(DAY);
  system.now = new Date('2018-04-17T02:00:00+08:00');
  await system.take(late.split('\n'), { name: 'part-2.ndjson' });
  await system.invalidate({ id: 'ticket-4711', appId: 'app_7_1', events: 'click c-2', reason: 'click_farm' });
  system.now = new Date('2018-04-17T03:30:00+08:00');
  await system.settle(DAY);
});
afterAll(async () => await system.drop());

/** What differs from one run of the example to the next: ids, by the order in which they come, and folders. */
function normalised(text: string): string {
  const ids: string[] = [];
  return text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, id => {
      if (!ids.includes(id)) ids.push(id);
      return `id ${ids.indexOf(id) + 1}`;
    })
    .replaceAll(/(?<= )\/\S*\//g, '')
    .trimEnd();
}

/** The output of a command is what the page shows of it, up to where it leaves the rest out. */
function expectOnPage(command: string, output: string): void {
  const start = page.indexOf(`\`\`\`console\n$ npx apportion ${command}\n`);
  expect(start, command).toBeGreaterThan(0);
  const [, block = ''] = page.slice(start).split('```');
  const shown = normalised(block.slice(block.indexOf('\n', 'console\n'.length) + 1));
  if (!shown.endsWith('\n…')) expect(normalised(output)).toBe(shown);
  else expect(normalised(output).slice(0, shown.length - 1)).toBe(shown.slice(0, -1));
}

const of = () => ({ appId: 'app_7_1', day: day(DAY), bucketCount: 4, calendar: system.calendar });

test('docs/explain.md: a day, down to its batches', async () => {
  const explained = await system.db.snapshot(async tx => await explainAppDay(tx, of()));
  expectOnPage('explain --app app_7_1 --date 2018-04-15', renderExplanation(explained));
});

test('docs/explain.md: the events of the day', async () => {
  const { items } = await system.db.snapshot(async tx => await listDayEvents(tx, of()));
  expectOnPage('explain --app app_7_1 --date 2018-04-15 --events', dayEventsTable(items));
});

test('docs/explain.md: a transfer', async () => {
  const found = (await system.transfers()).find(row => row.reason === 'developer_share' && row.version === 2);
  const transferId = found?.transferId ?? '';
  const explained = await system.db.snapshot(async tx => await explainTransfer(tx, { ...of(), transferId }));
  const [, onPage] = /explain --transfer (\S+)\n/.exec(page) ?? [];
  expectOnPage(`explain --transfer ${onPage}`, renderTransfer(explained));
});

test('docs/explain.md: an event, up to its transfers', async () => {
  const name = { type: 'click', id: 'c-2' } as const;
  const explained = await system.db.snapshot(
    async tx => await explainEvent(tx, { ...of(), name, owner: { appId: 'app_7_1' } }),
  );
  expectOnPage('explain --event c-2 --type click --app app_7_1', renderEvent(explained));
});

test('docs/explain.md: as known on an instant', async () => {
  const explained = await system.db.snapshot(async tx => await explainAppDay(tx, { ...of(), asKnownOn: BEFORE }));
  const command = 'explain --app app_7_1 --date 2018-04-15 --as-known-on 2018-04-16T18:00:00+08:00';
  expectOnPage(command, renderExplanation(explained));
  const { items } = await system.db.snapshot(
    async tx => await listBalances(tx, { bucketCount: 4, account: 'payable', bookedBy: BEFORE }),
  );
  const rows = page.split('\n').map(line => line.trim().replaceAll(/ +/g, ' '));
  for (const { developer_id, account, balance } of items) {
    expect(rows).toContain(`${developer_id} ${account} ${balance.amount} ${balance.currency}`);
  }
  expect(items).toHaveLength(1);
});
