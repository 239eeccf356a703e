import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { eventLine, smallCatalog } from '../support/events.ts';
import { planEntry } from '../support/reference-files.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const DAY = '2018-04-15';
const CNY = 1_000_000_000n;
const AS_OF = new Date('2018-04-16T00:00:00+08:00');

describe('prices at the limit, 20,000 of them: more than 2^64 nanos', () => {
  const CLICKS = 20_000n;
  const IMPRESSIONS = 500n;
  const NEARLY = '999999.999999';
  let system: SettlementSystem;

  beforeAll(async () => {
    system = await SettlementSystem.open();
    await system.importCatalog(smallCatalog(2));
    await system.importPlans(
      planEntry({ tiers: [{ up_to: '10000000000.000000001', share: '0.333333' }, { share: '0.5' }] }),
    );
    const click = (id: number, app: number) =>
      eventLine({ id: `c${id}`, type: 'click', price: '1000000', app_id: `app-${app}`, ad_unit_id: `unit-${app}` });
    const lines = [
      ...Array.from({ length: Number(CLICKS) }, (_, index) => click(index, 1)),
      ...Array.from({ length: Number(IMPRESSIONS) }, (_, index) => eventLine({ id: `i${index}`, price: '1000000' })),
      eventLine({ id: 'nearly', type: 'click', price: NEARLY }),
      eventLine({ id: 'nearly', price: NEARLY }),
      eventLine({ id: 'least', price: '0.000002' }),
      click(-1, 2),
    ];
    const { received, accepted } = await system.take(lines, { asOf: AS_OF });
    expect([received, accepted]).toEqual([lines.length, lines.length]);
    await system.settle(DAY);
  });
  afterAll(async () => await system.drop());

  // 20,000 clicks and 500 impressions at 1,000,000, a click and an impression at 999,999.999999, an impression at 0.000002.
  const GROSS = CLICKS * 1_000_000n * CNY + IMPRESSIONS * 1_000n * CNY + 999_999_999_999_000n + 999_999_999_999n + 2n;
  const FIRST_TIER = 10_000_000_000_000_000_001n;
  // 0.333333 × 10,000,000,000.000000001 + 0.5 × the rest, in 10⁻⁶ nanos; what is left of the nano is under or over a half.
  const UNROUNDED = FIRST_TIER * 333_333n + (GROSS - FIRST_TIER) * 500_000n;
  const DEVELOPER = UNROUNDED / 1_000_000n + (UNROUNDED % 1_000_000n > 500_000n ? 1n : 0n);
  const OTHER_APP = 1_000_000n * CNY;
  const OTHER_SHARE = (OTHER_APP * 333_333n) / 1_000_000n;

  test('the gross is beyond 64 bits and exact', async () => {
    expect(GROSS > 2n ** 64n).toBe(true);
    expect(UNROUNDED % 1_000_000n).not.toBe(500_000n);
    expect(await system.earnings()).toEqual([
      `${DAY}|dev|app-1|unit-1|CNY|502|20001|${GROSS}`,
      `${DAY}|dev|app-2|unit-2|CNY|0|1|${OTHER_APP}`,
    ]);
  });

  test('the transfers are exact, and add up to the gross', async () => {
    expect((await system.transfers()).map(({ appId, reason, amountNanos }) => [appId, reason, amountNanos])).toEqual([
      ['app-1', 'developer_share', DEVELOPER],
      ['app-1', 'platform_share', GROSS - DEVELOPER],
      ['app-2', 'developer_share', OTHER_SHARE],
      ['app-2', 'platform_share', OTHER_APP - OTHER_SHARE],
    ]);
  });

  test('balances, trial balance and statement tell every digit', async () => {
    expect(await system.balances()).toEqual([
      { developerId: 'dev', account: 'ad_revenue', currency: 'CNY', nanos: -GROSS - OTHER_APP },
      {
        developerId: 'dev',
        account: 'platform_share',
        currency: 'CNY',
        nanos: GROSS + OTHER_APP - DEVELOPER - OTHER_SHARE,
      },
      { developerId: 'dev', account: 'payable', currency: 'CNY', nanos: DEVELOPER + OTHER_SHARE },
    ]);
    const gross = decimal(GROSS + OTHER_APP);
    const share = decimal(DEVELOPER + OTHER_SHARE);
    expect([gross, share]).toEqual(['20002500999.999999001', '8334413832.9999995']);
    const { totals, balanced } = await system.trialBalance();
    expect(balanced).toBe(true);
    expect(totals[0]).toMatchObject({
      debits: { amount: gross },
      credits: { amount: gross },
      balance: { amount: '0.00' },
    });
    const { items } = await system.db.snapshot(tx =>
      statementOf(tx, { developerId: 'dev', period: parsePeriod('2018-04-H1'), bucketCount: system.bucketCount }),
    );
    expect(items[0]).toMatchObject({
      totals: { impressions: 502, clicks: 20_002, gross: { amount: gross }, developer_share: { amount: share } },
      closing_balance: { amount: share },
    });
  });

  test('a correction of it is as exact, and verify finds nothing', async () => {
    await system.importPlans(planEntry({ tiers: [{ share: '0.300001' }] }));
    await system.settle(DAY);
    const payable = (await system.balances()).find(({ account }) => account === 'payable');
    // Rounded to the nearest; neither is a tie.
    expect((GROSS * 300_001n) % 1_000_000n).not.toBe(500_000n);
    const wanted = (gross: bigint) => (gross * 300_001n + 499_999n) / 1_000_000n;
    expect(payable?.nanos).toBe(wanted(GROSS) + wanted(OTHER_APP));
    expect((await system.verify()).differences).toEqual([]);
  });
});

describe('sums of 38 digits, which is all that the ledger can hold', () => {
  const MOST = 10n ** 38n - 1n;
  let system: SettlementSystem;

  beforeAll(async () => {
    system = await SettlementSystem.open();
    await system.importCatalog(smallCatalog(2));
    await system.importPlans(planEntry());
  });
  afterAll(async () => await system.drop());

  async function earned(app: number, grossNanos: bigint): Promise<void> {
    const bucket = bucketOf('dev', system.bucketCount);
    await (await system.owner()).query(
      `with earned as (
         insert into earnings (bucket, business_date, developer_id, app_id, ad_unit_id, currency, impressions, clicks, gross_nanos)
         values ($1, $2, 'dev', $3, $4, 'CNY', 1, 0, $5)
       )
       insert into due_days (bucket, business_date, developer_id) values ($1, $2, 'dev') on conflict do nothing`,
      [bucket, DAY, `app-${app}`, `unit-${app}`, grossNanos],
    );
  }

  test('are shared out exactly, a tie to the even nano', async () => {
    await earned(1, MOST - 1_000n);
    await system.settle(DAY);
    const [developer, platform] = await system.transfers();
    // Half of an odd number: …499.5 goes up to the even …500.
    expect((MOST - 1_000n) % 4n).toBe(3n);
    expect(developer?.amountNanos).toBe((MOST - 1_000n) / 2n + 1n);
    expect(platform?.amountNanos).toBe((MOST - 1_000n) / 2n);
    expect((await system.trialBalance()).balanced).toBe(true);
  });

  test('an event that would go beyond them is set aside, the one beside it counts', async () => {
    const { accepted, rejected } = await system.take(
      [eventLine({ id: 'fits', price: '0.001' }), eventLine({ id: 'does not', price: '0.000001' })],
      { asOf: AS_OF },
    );
    expect({ accepted, rejected }).toEqual({ accepted: 1, rejected: { internal_error: 1 } });
    expect(await system.earnings()).toEqual([`${DAY}|dev|app-1|unit-1|CNY|2|0|${MOST}`]);
  });
});

/** Without zeros at its end. */
function decimal(nanos: bigint): string {
  return `${nanos / CNY}.${String(nanos % CNY).padStart(9, '0')}`.replace(/0+$/, '');
}
