import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainEvent } from '../../src/statements/explain-event.ts';
import { explainTransfer } from '../../src/statements/explain-transfer.ts';
import { type DayEventRow, listDayEvents } from '../../src/statements/list-day-events.ts';
import { renderEvent } from '../../src/statements/render-event.ts';
import { renderTransfer } from '../../src/statements/render-transfer.ts';
import { adjustment, Deciding } from '../support/deciding.ts';
import { day } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';
import { nanosOf, type SettlementSystem } from '../support/settlement-system.ts';

const DAY = day('2018-04-15');

let deciding: Deciding;
let system: SettlementSystem;
const cny = (amount: string) => ({ amount, currency: 'CNY' });

function line(id: string, time: string, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    ...{ id, type: 'click', occurred_at: `2018-04-15T${time}+08:00`, app_id: 'app_7_1', ad_unit_id: 'unit_7_1' },
    ...{ currency: 'CNY', price: '10', device_id: 'd', ...changes },
  });
}

beforeAll(async () => {
  deciding = await Deciding.open({ now: '2018-04-16T08:00:00+08:00' });
  system = deciding.system;
  await system.importCatalog({
    campaigns: [
      { id: 'c_42', currency: 'CNY', rate_cards: [{ effective_from: '2018-01-01', cpm: '2.345671', cpc: '0.30' }] },
    ],
  });
  await system.importPlans({
    ...{ id: 'tiered', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ up_to: '20.00', share: '0.50' }, { share: '0.30' }] },
  });
  await system.importTrafficWith('203.0.113.0/24', {
    effective_from: '2018-01-01',
    checks: { data_centre: true, repeated_click: { window_ms: 10_000 }, click_too_soon: { min_ms: 700 } },
  });
  await system.take(
    [
      line('both', '10:00:00', { type: 'impression', price: undefined, campaign_id: 'c_42' }),
      line('both', '10:00:00', { device_id: undefined, ip: '192.0.2.1', user_agent: 'a browser\u001b[2J' }),
      line('too-soon', '10:00:00.699', { impression_id: 'both', device_id: 'd2' }),
      line('first', '11:00:00'),
      line('repeated', '11:00:10'),
      line('server', '12:00:00', { ip: '203.0.113.7' }),
      line('farmed', '13:00:00'),
      line('other-app', '13:00:00', { app_id: 'app_1', ad_unit_id: 'unit_1' }),
    ],
    { name: 'first.ndjson' },
  );
  await system.settle(DAY);
  system.now = new Date('2018-04-17T08:00:00+08:00');
  await system.take(
    [
      line('first', '11:00:00'),
      line('first', '11:00:00', { price: '11' }),
      line('late', '09:00:00', { price: '0.01' }),
    ],
    { name: 'second.ndjson' },
  );
  await system.invalidate({
    id: 'x',
    appId: 'app_7_1',
    events: 'click farmed',
    reason: 'click_farm',
    note: 'ticket 4711',
  });
  await system.settle(DAY);
}, 60_000);
afterAll(async () => await system.drop());

type Asked = Partial<Parameters<typeof explainEvent>[1]>;

const ask = async (
  id: string,
  { type = 'click' as 'click' | 'impression', ...changes }: Asked & { type?: 'click' | 'impression' } = {},
) => {
  const { bucketCount, calendar } = system;
  const of = { name: { type, id }, owner: { appId: 'app_7_1' }, bucketCount, calendar, ...changes };
  return await system.db.snapshot(async tx => await explainEvent(tx, of));
};

describe('an event', () => {
  test('is told as it was accepted, with its price, where it came from and the transfers of the runs that knew it', async () => {
    const explained = await ask('first');
    expect(explained).toMatchObject({
      as_known_on: null,
      event: { id: 'first', type: 'click', occurred_at: '2018-04-15T03:00:00.000Z', price: '10', ip: null },
      developer_id: 'dev_7',
      business_date: '2018-04-15',
      price: '10.00',
      priced_by: 'line',
      gross: cny('10.00'),
      verdict: { valid: true, reason: null },
      accepted: { line_no: 4, batch_seq: 1, accepted_at: '2018-04-16T00:00:00.000Z' },
    });
    expect(explained.accepted.file).toMatch(/first\.ndjson$/);
    // 20.00 × 0.50 + 10.002345671 × 0.30 = 13.0007037013; then farmed less and late more: 10.00 + 0.012345671 × 0.30
    expect(explained.transfers.map(({ version, reason, amount }) => [version, reason, amount.amount])).toEqual([
      [1, 'developer_share', '13.000703701'],
      [1, 'platform_share', '17.00164197'],
      [2, 'developer_share', '2.997'],
      [2, 'platform_share', '6.993'],
    ]);
    expect(explained.runs.map(run => run.cutoff_seq)).toEqual([1, 2]);
    expect(explained.conflicts).toMatchObject([{ line_no: 2, batch_seq: 2 }]);
    expect(explained.conflicts[0]?.line).toContain('"price":"11"');
  });

  test('that came late is in what later runs posted alone', async () => {
    const { transfers, runs } = await ask('late');
    expect([transfers.map(({ version }) => version), runs.length]).toEqual([[2, 2], 1]);
  });

  test('is found by its developer too, and apart from one of the other type with its id', async () => {
    const found = await ask('both', { type: 'impression', owner: { developerId: 'dev_7' } });
    expect(found).toMatchObject({ price: '2.345671', priced_by: 'rate_card', gross: cny('0.002345671') });
    expect((await ask('both')).gross).toEqual(cny('10.00'));
  });

  test.each([
    [
      'too-soon',
      'click_too_soon',
      { effective_from: '2018-01-01', parameters: { min_ms: 700, lookback_days: 1 } },
      null,
    ],
    ['repeated', 'repeated_click', { effective_from: '2018-01-01', parameters: { window_ms: 10_000 } }, null],
    ['server', 'data_centre', { effective_from: '2018-01-01', parameters: {} }, null],
    ['farmed', 'click_farm', null, { id: 'x', actor: 'li.wei', note: 'ticket 4711' }],
  ])('that does not count says why: %s', async (id, reason, policy, invalidation) => {
    const { verdict } = await ask(id);
    expect(verdict).toMatchObject({ valid: false, reason, policy, invalidation });
    expect(renderEvent(await ask(id))).toContain(`It does NOT count: ${reason}\n  by `);
  });

  test('counted before it was invalidated', async () => {
    const asKnownOn = new Date('2018-04-16T08:00:00+08:00');
    const { verdict, transfers } = await ask('farmed', { asKnownOn });
    expect([verdict.valid, transfers.map(({ version }) => version)]).toEqual([true, [1, 1]]);
    expect(await rejectionOf(ask('late', { asKnownOn }))).toMatchObject({ code: 'unknown_event' });
  });

  test('can not write to a terminal', async () => {
    const text = renderEvent(await ask('both'));
    expect(text).toContain('a browser\uFFFD[2J');
    expect(text).not.toContain('\u001b');
  });

  test.each([
    ['an unknown id', 'none', {}, 'unknown_event', 'no click "none" of developer "dev_7" was accepted'],
    [
      'the other type',
      'first',
      { type: 'impression' as const },
      'unknown_event',
      'apportion rejected list --developer dev_7',
    ],
    ['another developer', 'first', { owner: { appId: 'app_1' } }, 'unknown_event', 'of developer "dev_1"'],
    ['an unknown developer', 'first', { owner: { developerId: 'dev_9' } }, 'unknown_developer', 'dev_9'],
    ['an unknown app', 'first', { owner: { appId: 'app_9' } }, 'unknown_app', 'app_9'],
  ])('that is not there is refused: %s', async (_what, id, changes, code, message) => {
    const refusal = await rejectionOf(ask(id, changes));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(message);
  });
});

describe('the events of a day', () => {
  const page = async (changes: { limit?: number; after?: string; asKnownOn?: Date; appId?: string } = {}) => {
    const { bucketCount, calendar } = system;
    const of = { appId: 'app_7_1', day: DAY, bucketCount, calendar, ...changes };
    return await system.db.snapshot(async tx => await listDayEvents(tx, of));
  };

  test('come with their verdicts in the order of their instants', async () => {
    const { items, next } = await page();
    expect(next).toBeNull();
    expect(
      items.map(row => `${row.type} ${row.id} ${row.gross.amount} ${row.verdict} ${row.batch_seq}:${row.line_no}`),
    ).toEqual([
      'click late 0.01 valid 2:3',
      'impression both 0.002345671 valid 1:1',
      'click both 10.00 valid 1:2',
      'click too-soon 10.00 click_too_soon 1:3',
      'click first 10.00 valid 1:4',
      'click repeated 10.00 repeated_click 1:5',
      'click server 10.00 data_centre 1:6',
      'click farmed 10.00 click_farm 1:7',
    ]);
    expect(items.at(-1)?.invalidation_id).toBe('x');
    expect(items[1]).toMatchObject({ price: '2.345671', priced_by: 'rate_card' });
  });

  test.each([1, 2, 3, 7, 8, 9])('come in pages of %i that fit together', async limit => {
    const rows: DayEventRow[] = [];
    let after: string | undefined;
    do {
      const { items, next } = await page({ limit, ...(after === undefined ? {} : { after }) });
      expect(items.length).toBeLessThanOrEqual(limit);
      rows.push(...items);
      after = next ?? undefined;
    } while (after !== undefined);
    expect(rows).toEqual((await page()).items);
  });

  test('that count come to what the day is worth', async () => {
    const valid = (await page()).items.filter(row => row.verdict === 'valid');
    const gross = valid.reduce((sum, row) => sum + nanosOf(row.gross.amount), 0n);
    expect(gross).toBe(nanosOf('20.012345671'));
  });

  test('are those that were known at an instant', async () => {
    const { items, as_known_on } = await page({ asKnownOn: new Date('2018-04-16T08:00:00+08:00') });
    expect(as_known_on).toBe('2018-04-16T00:00:00.000Z');
    expect(items.map(row => row.id)).not.toContain('late');
    expect(items.find(row => row.id === 'farmed')?.verdict).toBe('valid');
  });

  test('are refused with a cursor of another list or of an unknown app', async () => {
    expect(await rejectionOf(page({ after: 'bm9wZQ' }))).toMatchObject({ code: 'bad_cursor', exitCode: 2 });
    expect(await rejectionOf(page({ appId: 'app_9' }))).toMatchObject({ code: 'unknown_app' });
    expect(await rejectionOf(page({ limit: 0 }))).toMatchObject({ code: 'bad_limit' });
  });
});

describe('a transfer', () => {
  const { bucketCount, calendar } = { bucketCount: 4, calendar: null };
  const explainById = async (transferId: string) =>
    await system.db.snapshot(
      async tx => await explainTransfer(tx, { transferId, bucketCount, calendar: calendar ?? system.calendar }),
    );

  test('of a decision tells who decided it', async () => {
    await deciding.propose(adjustment());
    await deciding.approve('adjust-1');
    const { transfers } = await deciding.show('adjust-1');
    const explained = await explainById(transfers[0]?.id ?? '');
    expect(explained).toMatchObject({
      transfer: { reason: 'adjustment', amount: cny('12.50'), decision_id: 'adjust-1', version: null },
      run: null,
      arithmetic: null,
      day: null,
      decision: { id: 'adjust-1', kind: 'adjust', proposed_by: 'li.wei', approved_by: 'wang.fang' },
    });
    expect(renderTransfer(explained)).toContain('Posted by decision adjust-1 (adjust): campaign c_42 was billed twice');
  });

  test.each(['', 'nonsense', '0196329c-5b00-7000-8000-00000000000a'])(
    'that is not there is refused: "%s"',
    async id => {
      expect(await rejectionOf(explainById(id))).toMatchObject({ code: 'unknown_transfer' });
    },
  );
});
