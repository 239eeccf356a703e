import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listBalances } from '../../src/ledger/list-balances.ts';
import { listTransfers } from '../../src/ledger/list-transfers.ts';
import type { TransferRow } from '../../src/ledger/transfer-row.ts';
import { trialBalance } from '../../src/ledger/trial-balance.ts';
import { type Explanation, explainAppDay } from '../../src/statements/explain.ts';
import { explainTransfer } from '../../src/statements/explain-transfer.ts';
import { type DayEventRow, listDayEvents } from '../../src/statements/list-day-events.ts';
import { day } from '../support/reference-files.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const APPS = ['app', 'side'];
const DAYS = ['2018-04-10', '2018-04-11', '2018-04-13', '2018-04-14', '2018-04-17'].map(day);

const CATALOG = {
  developers: [{ id: 'dev', name: 'Dev', type: 'company', country: 'CN' }],
  apps: APPS.map(id => ({ id, developer_id: 'dev', name: id, category: 'tools' })),
  ad_units: [
    { id: 'app-unit', app_id: 'app', format: 'banner' },
    { id: 'app-b-unit', app_id: 'app', format: 'banner' },
    { id: 'side-unit', app_id: 'side', format: 'banner' },
  ],
  campaigns: [{ id: 'c', currency: 'CNY', rate_cards: [{ effective_from: '2018-01-01', cpc: '3' }] }],
};
const TIERS = [{ up_to: '100.00', share: '0.50' }, { share: '0.333333' }];

function plan(changes: Record<string, unknown>): Record<string, unknown> {
  return {
    ...{ id: 'everybody', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01' },
    ...{ basis: 'app_day', mode: 'marginal', tiers: TIERS, ...changes },
  };
}

function agency(ratio: string) {
  const provider = { id: 'agency', name: 'Agency', type: 'company', country: 'CN' };
  const apps = [{ app_id: 'app', effective_from: '2018-04-01', ratio }];
  return { providers: [{ ...provider, ratios: [], apps }] };
}

let lastId = 0;

/** A click on an ad unit at a time of Shanghai's. */
function click(unit: string, at: string, price: string | undefined, changes: Record<string, unknown> = {}): string {
  lastId += 1;
  const event = { id: `e${lastId}`, type: 'click', occurred_at: `2018-04-${at}+08:00`, device_id: 'd' };
  const place = { app_id: unit === 'side' ? 'side' : 'app', ad_unit_id: `${unit}-unit`, currency: 'CNY', price };
  return JSON.stringify({ ...event, ...place, ...changes });
}

interface Said {
  readonly at: Date;
  readonly explained: readonly Explanation[];
  readonly events: readonly (readonly DayEventRow[])[];
  readonly ledger: unknown;
}

let system: SettlementSystem;
const said = new Map<string, Said>();

/** All that can be said now, or as known on an instant. */
async function sayAll(asKnownOn?: Date): Promise<Omit<Said, 'at'>> {
  const { bucketCount, calendar } = system;
  return await system.db.snapshot(async tx => {
    const explained: Explanation[] = [];
    const events: (readonly DayEventRow[])[] = [];
    for (const appId of APPS) {
      for (const each of DAYS) {
        const of = { appId, day: each, bucketCount, calendar, asKnownOn: asKnownOn ?? null };
        explained.push(await explainAppDay(tx, of));
        events.push((await listDayEvents(tx, of)).items);
      }
    }
    const filters = { bucketCount, bookedBy: asKnownOn };
    const ledger = [await listTransfers(tx, filters), await listBalances(tx, filters), await trialBalance(tx, filters)];
    return { explained, events, ledger };
  });
}

/** An hour later, does it and notes what is said then. */
async function step(what: string, work: () => Promise<unknown>): Promise<void> {
  system.now = new Date(system.now.getTime() + 3_600_000);
  await work();
  said.set(what, { at: system.now, ...(await sayAll()) });
}

async function settled(what: string, work: () => Promise<unknown>): Promise<void> {
  await step(what, work);
  await step(`${what}, settled`, async () => await system.settleDue());
}

const STEPS = [
  'the first events',
  'late events',
  'a corrected plan',
  'an accepted plan by the month',
  "a provider's terms",
  'late events of a month',
  'a traffic policy',
  'an invalidation',
  'a reinstatement',
  'another category',
];

beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 2, now: '2018-04-11T00:00:00+08:00' });
  await step('a catalog', async () => await system.importCatalog(CATALOG));
  await step('a plan', async () => await system.importPlans(plan({})));
  system.now = new Date('2018-04-12T08:00:00+08:00');
  await settled('the first events', async () => {
    await system.take([
      click('app', '10T10:00:00', '90'),
      click('app', '10T10:00:05', undefined, { campaign_id: 'c' }),
      click('app-b', '10T11:00:00', '60.123457'),
      click('app-b', '11T11:00:00', '0.000001'),
      click('side', '11T12:00:00', '10', { currency: 'USD' }),
    ]);
  });
  await step('late events that wait', async () => await system.ingest([click('app', '10T12:00:00', '7.77')]));
  await settled('late events', async () => await system.processAll());
  await settled('a corrected plan', async () => {
    await system.importPlans(plan({ tiers: [{ up_to: '80.00', share: '0.45' }, { share: '0.31' }] }));
  });
  system.now = new Date('2018-04-13T08:00:00+08:00');
  await step('a plan that waits for acceptance', async () => {
    const monthly = { scope: { app: 'side' }, basis: 'app_month', effective_from: '2018-04-01' };
    await system.importPlans(plan({ id: 'side', ...monthly }));
    await system.take([click('side', '13T01:00:00', '70.1')]);
  });
  await step('an acceptance', async () => await system.acceptPlan('side', 'dev'));
  system.now = new Date('2018-04-15T08:00:00+08:00');
  await settled('an accepted plan by the month', async () => {
    await system.take([click('side', '13T11:00:00', '55.55'), click('side', '14T11:00:00', '33.333333')]);
  });
  system.now = new Date('2018-04-17T08:00:00+08:00');
  await step('a confirmed provider', async () => {
    await system.importCatalog(agency('0.20'));
    await system.confirmTerms('agency', 'app');
    await system.take([click('app', '17T07:00:00', '44.44')]);
  });
  system.now = new Date('2018-04-18T08:00:00+08:00');
  await settled("a provider's terms", async () => await system.take([click('app', '17T09:00:00', '99.99')]));
  await step("a provider's corrected terms", async () => {
    await system.importCatalog(agency('0.123456'));
    await system.confirmTerms('agency', 'app');
  });
  await settled('late events of a month', async () => {
    await system.take([click('side', '13T13:00:00', '1.23'), click('app', '17T10:00:00', '5.01')]);
  });
  await settled('a traffic policy', async () => {
    const checks = { repeated_click: { window_ms: 10_000 }, known_bot: true };
    await system.importTraffic({ effective_from: '2018-01-01', checks });
    await system.take([click('app', '10T15:00:00', '2.5', { user_agent: 'Googlebot/2.1' })]);
  });
  await settled('an invalidation', async () => {
    const slice = { from: '2018-04-10', to: '2018-04-17' };
    await system.invalidate({
      id: 'x',
      appId: 'app',
      slice: { ...slice, adUnitId: 'app-b-unit' },
      reason: 'click_farm',
    });
    await system.invalidate({ id: 'y', appId: 'side', slice: { ...slice, to: '2018-04-13' }, reason: 'complaint' });
  });
  await settled('a reinstatement', async () => {
    await system.reinstate('x');
    await system.reinstate('y');
  });
  await settled('another category', async () => {
    await system.importPlans(plan({ id: 'games', scope: { category: 'games' }, tiers: [{ share: '0.40' }] }));
    const app = { id: 'app', developer_id: 'dev', name: 'app', category: 'games', category_from: '2018-04-11' };
    await system.importCatalog({ apps: [app] });
  });
}, 120_000);
afterAll(async () => await system.drop());

/** Without what says for when it was asked. */
function saidOf({ explained, events, ledger }: Omit<Said, 'at'>) {
  return { explained: explained.map(({ as_known_on: _, ...rest }) => rest), events, ledger };
}

describe('as known on an instant', () => {
  test('the history is one in which every step changed what was posted', async () => {
    expect(said.size).toBe(2 * STEPS.length + 7);
    for (const what of STEPS) {
      const [before, after] = [said.get(what), said.get(`${what}, settled`)];
      expect(after?.ledger, what).not.toEqual(before?.ledger);
      // What the next run would post was told before it did.
      const pending = before?.explained.flatMap(({ items }) => items.flatMap(item => item.pending)) ?? [];
      expect(pending, what).not.toEqual([]);
    }
    expect((await system.verify()).differences).toEqual([]);
  });

  test('it says what was said then, to the last digit, whatever came later', async () => {
    for (const [what, then] of said) {
      expect(saidOf(await sayAll(then.at)), what).toEqual(saidOf(then));
    }
  }, 120_000);

  test('it says so between two steps too, up to the last millisecond', async () => {
    const [before, after] = [said.get('late events, settled'), said.get('a corrected plan')] as [Said, Said];
    const justBefore = await sayAll(new Date(after.at.getTime() - 1));
    expect(saidOf(justBefore)).toEqual(saidOf(before));
  });

  test('a run posted what was pending before it', async () => {
    for (const what of STEPS) {
      const [before, after] = [said.get(what), said.get(`${what}, settled`)] as [Said, Said];
      for (const [place, { items }] of after.explained.entries()) {
        const told = before.explained[place]?.items.flatMap(({ currency, pending }) =>
          pending.map(part => `${currency} ${part.reason} ${part.amount.amount}`),
        );
        const known = new Set(before.explained[place]?.items.flatMap(item => item.transfers.map(({ id }) => id)));
        const posted = items.flatMap(({ currency, transfers }) =>
          transfers
            .filter(({ id, reason }) => !known.has(id) && reason !== 'provider_income')
            .map(transfer => `${currency} ${partOf(transfer)}`),
        );
        expect(posted.sort(), `${what} ${place}`).toEqual(told?.sort());
      }
    }
  });
});

describe('every transfer of that history', () => {
  test('is what its run knew the part to be worth less what was posted before', async () => {
    const { bucketCount, calendar } = system;
    await system.db.snapshot(async tx => {
      const { items } = await listTransfers(tx, { bucketCount });
      expect(items.length).toBeGreaterThan(40);
      for (const { id } of items) {
        const {
          transfer,
          arithmetic,
          corrects,
          corrected_by,
          linked,
          run,
          day: known,
        } = await explainTransfer(tx, {
          ...{ transferId: id, bucketCount, calendar },
        });
        expect(arithmetic?.adds_up, id).toBe(true);
        expect(run?.run_id).toBe(transfer.run_id);
        expect(corrects?.id ?? null).toBe(transfer.corrects);
        expect([corrects?.version ?? 0, corrected_by?.version ?? null]).toEqual([
          (transfer.version ?? 0) - 1,
          corrected_by === null ? null : (transfer.version ?? 0) + 1,
        ]);
        expect(linked?.link ?? null).toBe(transfer.link);
        // What the run posted is all that the day lacked before it.
        const ofRun = items.filter(each => isOfRun(each, transfer) && each.reason !== 'provider_income');
        expect(ofRun.map(partOf).sort()).toEqual(
          known?.item.pending.map(({ reason, amount }) => `${reason} ${amount.amount}`).sort(),
        );
      }
    });
  }, 120_000);
});

function isOfRun(each: TransferRow, { run_id, app_id, amount: { currency } }: TransferRow): boolean {
  return each.run_id === run_id && each.app_id === app_id && each.amount.currency === currency;
}

function partOf({ reason, debit, amount }: TransferRow): string {
  return `${reason} ${debit === 'ad_revenue' ? '' : '-'}${amount.amount}`;
}
