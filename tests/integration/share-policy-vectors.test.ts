import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventLine } from '../support/events.ts';
import { nanosOf, SettlementSystem } from '../support/settlement-system.ts';

const FILE = new URL('../../../shared/vectors/wechat-share-policy.json', import.meta.url);

interface Case {
  readonly day: string;
  readonly category: string;
  readonly gross: string;
  readonly share: string;
}

interface Vectors {
  readonly plans: object[];
  readonly cases: Case[];
}

if (existsSync(FILE)) describeVectors(JSON.parse(readFileSync(FILE, 'utf8')));
else test.skip(`the published share policy: ${FILE.pathname} is not here`, () => {});

function describeVectors({ plans, cases }: Vectors): void {
  describe('the published share policy, from events to the ledger', () => {
    let system: SettlementSystem;

    beforeAll(async () => {
      system = await SettlementSystem.open();
      await system.importCatalog(catalogOf(cases));
      await system.importPlans(...plans);
    });
    afterAll(async () => await system.drop());

    test.each(cases.map((each, index) => ({ ...each, appId: `app-${index}` })))(
      'on $day an app of $category with $gross has a share of $share',
      async ({ day, gross, share, appId }) => {
        const lines = linesWorth(nanosOf(gross), { day, appId });
        const { accepted } = await system.take(lines, { asOf: new Date(`${day}T23:59:59+08:00`) });
        expect(accepted).toBe(lines.length);
        system.now = new Date(Date.parse(`${day}T00:00:00+08:00`) + 86_400_000);
        await system.settle(day);
        const posted = (await system.transfers()).filter(transfer => transfer.appId === appId);
        expect(posted.map(({ debit, credit, amountNanos }) => [debit, credit, amountNanos])).toEqual([
          ['ad_revenue', 'payable', nanosOf(share)],
          ['ad_revenue', 'platform_share', nanosOf(gross) - nanosOf(share)],
        ]);
      },
    );

    test('and nothing differs in the end', async () => {
      expect(await system.verify()).toMatchObject({ differences: [], pending: { batches: 0, dueDays: 0 } });
      expect((await system.trialBalance()).balanced).toBe(true);
    });
  });
}

/** An app of its own for each case, every second one of the same developer. */
function catalogOf(cases: readonly Case[]): object {
  return {
    developers: [0, 1].map(id => ({ id: `dev-${id}`, name: `Dev ${id}`, type: 'company', country: 'CN' })),
    apps: cases.map(({ category }, index) => ({
      ...{ id: `app-${index}`, developer_id: `dev-${index % 2}`, name: `App ${index}`, category },
    })),
    ad_units: cases.map((_, index) => ({ id: `app-${index}-unit`, app_id: `app-${index}`, format: 'banner' })),
  };
}

/** Impressions at the highest price, clicks, and an impression for what is left, over all hours of the day. */
function linesWorth(gross: bigint, { day, appId }: { readonly day: string; readonly appId: string }): string[] {
  const lines: string[] = [];
  const add = (type: 'impression' | 'click', price: string) => {
    const hour = String(lines.length % 24).padStart(2, '0');
    const at = { id: `${appId}-${lines.length}`, occurred_at: `${day}T${hour}:00:00+08:00`, app_id: appId };
    lines.push(eventLine({ ...at, ad_unit_id: `${appId}-unit`, type, price }));
  };
  let left = gross;
  for (; left > nanosOf('50000'); left -= nanosOf('1000')) add('impression', '1000000');
  for (; left >= nanosOf('12345.67'); left -= nanosOf('12345.67')) add('click', '12345.67');
  // What an impression earns is a thousandth of its price, so nanos are millionths of it.
  for (; left > nanosOf('1000'); left -= nanosOf('1000')) add('impression', '1000000.0');
  add('impression', `${left / 1_000_000n}.${String(left % 1_000_000n).padStart(6, '0')}`);
  return lines;
}
