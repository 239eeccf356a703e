import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { grantAfterRun, grantPending } from '../../src/funds/grant-funds.ts';
import { type BucketOfRun, settleBucket } from '../../src/settlement/settle-bucket.ts';
import { reviveRuns } from '../../src/settlement/settle-days.ts';
import { click, Funding } from '../support/funding.ts';
import { rejectionOf } from '../support/refusals.ts';
import { comesToWait, Stopping } from '../support/stopping.ts';

let funding: Funding;

beforeEach(async () => {
  funding = await Funding.open();
});
afterEach(async () => await funding.system.drop());

/** The books balance, nothing is under way between them, and all can be recomputed. */
async function holds(): Promise<void> {
  expect((await funding.system.trialBalance()).balanced).toBe(true);
  expect(await funding.inTransit()).toBe(0n);
  expect((await funding.system.verify()).differences).toEqual([]);
}

describe('granting', () => {
  test('points on top for a category, out of the fund into the developer’s book', async () => {
    await funding.createFund('fund_1', '1000');
    await funding.earnAndSettle('2018-09-02', { app_a1: '100', app_a2: '70', app_b1: '33.33' });
    // 100 × 0.10 and 33.33 × 0.10; app_a2 is in tools
    expect(await funding.awards()).toEqual(['09-02 app_a1 fund_1: 10', '09-02 app_b1 fund_1: 3.333']);
    expect(await funding.left('fund_1')).toBe('986.667');
    // S of app_a1 50, of app_a2 35, and the incentive on top
    expect(await funding.left('dev_a', 'payable')).toBe('95');
    await holds();
  });

  test('a day that does not fit is shared in proportion, later days get nothing until there is money again', async () => {
    await funding.createFund('fund_1', '10');
    await funding.earnAndSettle('2018-09-02', { app_a1: '40' });
    // 6 left for needs of 8 and 4: 6 × 8/12 = 4 and 6 × 4/12 = 2
    await funding.earnAndSettle('2018-09-03', { app_a1: '80', app_b1: '40' });
    await funding.earnAndSettle('2018-09-04', { app_c1: '10' });
    const awards = ['09-02 app_a1 fund_1: 4', '09-03 app_a1 fund_1: 4', '09-03 app_b1 fund_1: 2'];
    expect(await funding.awards()).toEqual(awards);
    expect(await funding.left('fund_1')).toBe('0');
    // 6.5 more: 4 and 2 for what the 3rd lacks, half of what the 4th claims
    await funding.decide('fund_top_up', { fund: 'fund_1', currency: 'CNY', amount: '6.5' });
    await funding.system.grantPending();
    expect(await funding.awards()).toEqual([
      ...['09-02 app_a1 fund_1: 4', '09-03 app_a1 fund_1: 8', '09-03 app_b1 fund_1: 4', '09-04 app_c1 fund_1: 0.5'],
    ]);
    await holds();
  });

  test('nanos left over go to the largest remainders, of equal ones to the lower app ids', async () => {
    await funding.createFund('fund_1', '0.000000005');
    await funding.earnAndSettle('2018-09-02', { app_a1: '1', app_b1: '1', app_c1: '1' });
    expect(await funding.awards()).toEqual([
      '09-02 app_a1 fund_1: 0.000000002',
      '09-02 app_b1 fund_1: 0.000000002',
      '09-02 app_c1 fund_1: 0.000000001',
    ]);
    await holds();
  });

  test('an award is clawed back with its claim, and goes to whoever lacks it, oldest day first', async () => {
    await funding.createFund('fund_1', '10');
    await funding.earnAndSettle('2018-09-02', { app_a1: '80' });
    await funding.earnAndSettle('2018-09-03', { app_b1: '50' });
    expect(await funding.awards()).toEqual(['09-02 app_a1 fund_1: 8', '09-03 app_b1 fund_1: 2']);
    const slice = { from: '2018-09-02', to: '2018-09-02' };
    await funding.system.invalidate({ id: 'fraud', appId: 'app_a1', slice, reason: 'fraud' });
    await funding.settleNight('2018-09-02');
    // 8 back; 3 of them for what the 3rd lacks
    expect(await funding.awards()).toEqual(['09-03 app_b1 fund_1: 5']);
    expect(await funding.left('fund_1')).toBe('5');
    expect(await funding.left('dev_a', 'payable')).toBe('0');
    await holds();
  });

  test('a fixed bonus on an app’s first days above a floor', async () => {
    await funding.earnAndSettle('2018-09-01', { app_a1: '500' });
    const rule = { bonus: '5', floor: '100', new_app_days: 2 };
    await funding.createFund('fund_new', '100', { rule });
    await funding.earnAndSettle('2018-09-02', { app_a1: '100', app_b1: '99.999999' });
    await funding.earnAndSettle('2018-09-03', { app_a1: '100', app_b1: '100' });
    await funding.earnAndSettle('2018-09-04', { app_a1: '100', app_b1: '100', app_c1: '100' });
    await funding.settleNight('2018-09-01');
    expect(await funding.awards()).toEqual([
      ...[
        '09-01 app_a1 fund_new: 5',
        '09-02 app_a1 fund_new: 5',
        '09-03 app_b1 fund_new: 5',
        '09-04 app_c1 fund_new: 5',
      ],
    ]);
    await holds();
  });

  test('an app that turns out to have begun earlier is new no longer on its later days', async () => {
    await funding.createFund('fund_new', '100', { rule: { points: '0.10', new_app_days: 2 }, start: '2018-09-03' });
    await funding.earnAndSettle('2018-09-05', { app_a1: '100' });
    await funding.earnAndSettle('2018-09-06', { app_a1: '100' });
    expect(await funding.awards()).toEqual(['09-05 app_a1 fund_new: 10', '09-06 app_a1 fund_new: 10']);
    await funding.earnAndSettle('2018-09-04', { app_a1: '30' });
    expect(await funding.awards()).toEqual(['09-04 app_a1 fund_new: 3', '09-05 app_a1 fund_new: 10']);
    // Before the fund's days, but not before the app's.
    await funding.earnAndSettle('2018-09-02', { app_a1: '30' });
    expect(await funding.awards()).toEqual([]);
    await holds();
  });

  test('a change of category takes an app into a fund, or out of it', async () => {
    await funding.createFund('fund_1', '100');
    await funding.earnAndSettle('2018-09-02', { app_a2: '100', app_b1: '100' });
    const app = (id: string, developer_id: string, category: string) => ({
      ...{ id, developer_id, name: id, category, category_from: '2018-09-02' },
    });
    await funding.system.importCatalog({ apps: [app('app_a2', 'dev_a', 'games'), app('app_b1', 'dev_b', 'tools')] });
    await funding.settleNight('2018-09-02');
    expect(await funding.awards()).toEqual(['09-02 app_a2 fund_1: 10']);
    await holds();
  });

  test('two funds award the same day, each from its own money', async () => {
    await funding.createFund('fund_1', '100');
    await funding.createFund('fund_2', '1', { rule: { points: '0.05', categories: ['games'] } });
    await funding.earnAndSettle('2018-09-02', { app_a1: '100' });
    expect(await funding.awards()).toEqual(['09-02 app_a1 fund_1: 10', '09-02 app_a1 fund_2: 1']);
    await holds();
  });

  test('money that comes on a day under hold is held, and taken back from there first', async () => {
    await funding.createFund('fund_1', '100');
    await funding.decide('hold', { book: 'dev_a', from: '2018-09-01' });
    await funding.earnAndSettle('2018-09-02', { app_a1: '100' });
    expect([await funding.left('dev_a', 'payable'), await funding.left('dev_a', 'held')]).toEqual(['0', '60']);
    const slice = { from: '2018-09-02', to: '2018-09-02' };
    await funding.system.invalidate({ id: 'fraud', appId: 'app_a1', slice, reason: 'fraud' });
    await funding.settleNight('2018-09-02');
    expect([await funding.left('dev_a', 'payable'), await funding.left('dev_a', 'held')]).toEqual(['0', '0']);
    expect(await funding.left('fund_1')).toBe('100');
    await holds();
  });
});

describe('awards under review', () => {
  test('what a hold took of an award is forfeited, and a clawback does not charge it twice', async () => {
    await funding.createFund('fund_1', '100');
    await funding.earnAndSettle('2018-09-02', { app_a1: '100' });
    const hold = await funding.decide('hold', { book: 'dev_a', from: '2018-09-01' });
    expect(await funding.left('dev_a', 'held')).toBe('60');
    await funding.decide('forfeit', { hold });
    const slice = { from: '2018-09-02', to: '2018-09-02' };
    await funding.system.invalidate({ id: 'fraud', appId: 'app_a1', slice, reason: 'fraud' });
    await funding.settleNight('2018-09-02');
    expect([await funding.left('dev_a', 'payable'), await funding.left('dev_a', 'forfeited')]).toEqual(['0', '0']);
    expect(await funding.left('fund_1')).toBe('100');
    await holds();
  });

  test('after a release what comes is payable again', async () => {
    await funding.createFund('fund_1', '6');
    const hold = await funding.decide('hold', { book: 'dev_a', from: '2018-09-01' });
    await funding.earnAndSettle('2018-09-02', { app_a1: '100' });
    expect(await funding.left('dev_a', 'held')).toBe('56');
    await funding.decide('release', { hold });
    await funding.decide('fund_top_up', { fund: 'fund_1', currency: 'CNY', amount: '10' });
    await funding.system.grantPending();
    expect([await funding.left('dev_a', 'payable'), await funding.left('dev_a', 'held')]).toEqual(['60', '0']);
    await holds();
  });
});

describe('beginning and end', () => {
  test('a fund that begins in the past claims for what was settled already', async () => {
    await funding.earnAndSettle('2018-09-02', { app_a1: '100' });
    await funding.createFund('fund_1', '100');
    expect(await funding.awards()).toEqual([]);
    await funding.system.settleDue();
    expect(await funding.awards()).toEqual(['09-02 app_a1 fund_1: 10']);
    await holds();
  });

  test('what is left goes back once the last day is settled, and not before', async () => {
    await funding.createFund('fund_1', '100', { end: '2018-09-03' });
    await funding.earnAndSettle('2018-09-02', { app_a1: '100' });
    await funding.earn('2018-09-03', { app_a1: '200' });
    funding.at('2018-09-05', 1);
    await funding.system.grantPending();
    expect(await funding.left('fund_1')).toBe('90');
    await funding.settleNight('2018-09-03');
    expect(await funding.left('fund_1')).toBe('70');
    await funding.system.grantPending();
    expect([await funding.left('fund_1'), await funding.left('fund_1', 'fund_source')]).toEqual(['0', '-30']);
    // Late events find nothing; an award that is clawed back follows the rest.
    await funding.earnAndSettle('2018-09-03', { app_b1: '100' });
    const slice = { from: '2018-09-02', to: '2018-09-02' };
    await funding.system.invalidate({ id: 'fraud', appId: 'app_a1', slice, reason: 'fraud' });
    await funding.settleNight('2018-09-02');
    expect(await funding.awards()).toEqual(['09-03 app_a1 fund_1: 20']);
    expect([await funding.left('fund_1'), await funding.left('fund_1', 'fund_source')]).toEqual(['0', '-20']);
    await holds();
  });

  test('as long as a day of it is unsettled, nothing goes back: a long outage costs nobody an award', async () => {
    await funding.createFund('fund_1', '100', { end: '2018-09-03' });
    await funding.earn('2018-09-03', { app_a1: '200' });
    funding.at('2018-11-15', 1);
    await funding.system.grantPending();
    expect(await funding.left('fund_1')).toBe('100');
    await funding.system.settleDue();
    await funding.system.grantPending();
    expect(await funding.awards()).toEqual(['09-03 app_a1 fund_1: 20']);
    expect([await funding.left('fund_1'), await funding.left('fund_1', 'fund_source')]).toEqual(['0', '-20']);
    await holds();
  });

  test('closing gives back what is left at once, and what was awarded stays', async () => {
    await funding.createFund('fund_1', '100');
    await funding.earnAndSettle('2018-09-02', { app_a1: '100' });
    await funding.decide('fund_close', { fund: 'fund_1' });
    expect([await funding.left('fund_1'), await funding.left('fund_1', 'fund_source')]).toEqual(['0', '-10']);
    await funding.earnAndSettle('2018-09-03', { app_a1: '100' });
    expect(await funding.awards()).toEqual(['09-02 app_a1 fund_1: 10']);
    const refusal = await rejectionOf(funding.decide('fund_top_up', { fund: 'fund_1', currency: 'CNY', amount: '5' }));
    expect(refusal.code).toBe('fund_ended');
    await holds();
  });

  test.each([
    ['dev_a', 'id_taken'],
    ['fund_1', 'id_taken'],
  ])('the id %s is taken in the one namespace of books', async (fund, code) => {
    await funding.createFund('fund_1', '100');
    expect((await rejectionOf(funding.createFund(fund, '5'))).code).toBe(code);
  });

  test('no developer or provider may take the id of a fund', async () => {
    await funding.createFund('fund_1', '100');
    const one = { id: 'fund_1', name: 'One', type: 'company', country: 'CN' };
    for (const catalog of [{ developers: [one] }, { providers: [{ ...one, ratios: [], apps: [] }] }]) {
      expect((await rejectionOf(funding.system.importCatalog(catalog))).message).toContain(
        'the id of an incentive fund too',
      );
    }
  });
});

describe('interrupted and at once', () => {
  test('killed between the run’s last bucket and its grant: the sweep grants, once', async () => {
    await funding.createFund('fund_1', '100');
    await funding.earn('2018-09-02', { app_a1: '100', app_b1: '50' });
    funding.at('2018-09-03', 4);
    await funding.system.requestRun('2018-09-02');
    const { db, bucketCount, calendar, now } = funding.deps;
    for (const job of funding.system.settlementJobs) await settleBucket({ db, bucketCount, calendar, now }, job);
    expect(await funding.awards()).toEqual([]);
    await Promise.all([funding.system.grantPending(), funding.system.grantPending(), funding.system.grantPending()]);
    expect(await funding.awards()).toEqual(['09-02 app_a1 fund_1: 10', '09-02 app_b1 fund_1: 5']);
    const before = await funding.system.ledger();
    await funding.system.grantPending();
    expect(await funding.system.ledger()).toEqual(before);
    await holds();
  });

  test('a fund that paid its last day twice under two concurrent runs', async () => {
    await funding.createFund('fund_1', '12', { end: '2018-09-03' });
    await funding.earnAndSettle('2018-09-02', { app_a1: '50' });
    await funding.earn('2018-09-03', { app_a1: '80', app_b1: '60', app_c1: '20' });
    funding.at('2018-09-04', 4);
    const [one] = await funding.system.requestRun('2018-09-03');
    const [other] = await funding.system.requestRun('2018-09-03');
    const { deps } = funding;
    const work = async (runId: string | undefined) => {
      const jobs = funding.system.settlementJobs.filter(job => job.runId === runId);
      await Promise.all(
        jobs.map(async job => {
          await settleBucket(deps, job);
          await grantAfterRun(deps, job.runId);
        }),
      );
    };
    await Promise.all([work(one?.runId), work(other?.runId), funding.system.grantPending()]);
    funding.system.settlementJobs = [];
    // 12 − 5 = 7 for needs of 8, 6 and 2: 7 × 8/16, 7 × 6/16 and 7 × 2/16
    const awards = [
      '09-02 app_a1 fund_1: 5',
      '09-03 app_a1 fund_1: 3.5',
      '09-03 app_b1 fund_1: 2.625',
      '09-03 app_c1 fund_1: 0.875',
    ];
    expect(await funding.awards()).toEqual(awards);
    expect(await funding.left('fund_1')).toBe('0');
    const { rows } = await funding.system.db.query('select from transfers where version > 1 and fund_id is not null');
    expect(rows).toHaveLength(0);
    await holds();
  });

  test('a fund that paid its last day twice under two concurrent runs: the second grants after the first', async () => {
    await funding.createFund('fund_1', '12', { end: '2018-09-03' });
    await funding.earn('2018-09-03', { app_a1: '80', app_b1: '60', app_c1: '20' });
    funding.at('2018-09-04', 4);
    const { deps, system } = funding;
    const runs = [...(await system.requestRun('2018-09-03')), ...(await system.requestRun('2018-09-03'))];
    for (const job of system.settlementJobs.splice(0)) await settleBucket(deps, job);
    const slow = new Stopping(system.db, { before: 'insert into fund_grants' });
    const first = grantAfterRun({ ...deps, db: slow.db }, runs[0]?.runId ?? '');
    await slow.stopped;
    const second = grantAfterRun(deps, runs[1]?.runId ?? '');
    await Promise.race([second, comesToWait(system.db)]);
    slow.resume();
    await Promise.all([first, second]);
    // 12 for needs of 8, 6 and 2.
    expect(await funding.awards()).toEqual([
      ...['09-03 app_a1 fund_1: 6', '09-03 app_b1 fund_1: 4.5', '09-03 app_c1 fund_1: 1.5'],
    ]);
    expect(await funding.left('fund_1')).toBe('0');
    await holds();
  });

  test('a step waits for who moves held money of the same days before it looks what is held', async () => {
    await funding.createFund('fund_1', '100');
    await funding.earnAndSettle('2018-09-02', { app_a1: '40' });
    await funding.decide('hold', { book: 'dev_a' });
    await funding.system.take([click('app_a1', '2018-09-02', '20', 'one'), click('app_a1', '2018-09-02', '20', 'two')]);
    await funding.system.settle('2018-09-02');
    expect([await funding.left('dev_a', 'payable'), await funding.left('dev_a', 'held')]).toEqual(['24', '24']);
    const { deps, system } = funding;
    // Each takes back 10 of the share and 2 of the award, and the last of the four more than is held by then.
    const invalidated = async (id: string) => {
      await system.invalidate({ id, appId: 'app_a1', events: `click ${id}`, reason: 'fraud' });
      const [run] = await system.requestRun('2018-09-02');
      return { runId: run?.runId ?? '', jobs: system.settlementJobs.splice(0) };
    };
    const first = await invalidated('one');
    for (const job of first.jobs) await settleBucket(deps, job);
    const second = await invalidated('two');
    const slow = new Stopping(system.db, { before: 'delete from due_days' });
    const settling = Promise.all(second.jobs.map(async job => await settleBucket({ ...deps, db: slow.db }, job)));
    await slow.stopped;
    const granting = grantAfterRun(deps, first.runId);
    await Promise.race([granting, comesToWait(system.db)]);
    slow.resume();
    await Promise.all([settling, granting]);
    await grantAfterRun(deps, second.runId);
    expect([await funding.left('dev_a', 'payable'), await funding.left('dev_a', 'held')]).toEqual(['24', '0']);
    await holds();
  });

  test('a fund does not expire while a run over its days has buckets to go, though no day is due', async () => {
    await funding.createFund('fund_1', '100', { end: '2018-09-03' });
    await funding.earn('2018-09-03', { app_a1: '100', app_b1: '50', app_c1: '20' });
    funding.at('2018-09-05', 1);
    // Two runs, each of which has settled what the other has not.
    await funding.system.requestRun('2018-09-03');
    await funding.system.requestRun('2018-09-03');
    const jobs = funding.system.settlementJobs.splice(0);
    const [buckets, runs] = [[...new Set(jobs.map(job => job.bucket))], [...new Set(jobs.map(job => job.runId))]];
    expect([buckets.length, runs.length]).toEqual([expect.toSatisfy((count: number) => count > 1), 2]);
    const isFirsts = (job: (typeof jobs)[number]) => (job.bucket === buckets[0]) === (job.runId === runs[0]);
    for (const job of jobs.filter(isFirsts)) await funding.system.settleBucket(job);
    expect(await funding.system.due()).toEqual([]);
    await funding.system.grantPending();
    expect(await funding.left('fund_1')).toBe('100');
    for (const job of jobs) await funding.system.settleBucket(job);
    await funding.system.grantPending();
    const awards = ['09-03 app_a1 fund_1: 10', '09-03 app_b1 fund_1: 5', '09-03 app_c1 fund_1: 2'];
    expect(await funding.awards()).toEqual(awards);
    expect([await funding.left('fund_1'), await funding.left('fund_1', 'fund_source')]).toEqual(['0', '-17']);
    await holds();
  });

  test('a fund does not expire over a run that has finished since it was looked for', async () => {
    await funding.createFund('fund_1', '100', { end: '2018-09-03' });
    await funding.earnAndSettle('2018-09-03', { app_a1: '100' });
    funding.at('2018-09-05', 1);
    const { deps, system } = funding;
    const slow = new Stopping(system.db, { before: 'from due_days' });
    const expiring = grantPending({ ...deps, db: slow.db });
    await slow.stopped;
    await system.take([click('app_b1', '2018-09-03', '50')]);
    await system.requestRun('2018-09-03');
    for (const job of system.settlementJobs.splice(0)) await settleBucket(deps, job);
    slow.resume();
    await expiring;
    expect(await funding.left('fund_1')).toBe('90');
    await system.grantPending();
    expect(await funding.awards()).toEqual(['09-03 app_a1 fund_1: 10', '09-03 app_b1 fund_1: 5']);
    expect([await funding.left('fund_1'), await funding.left('fund_1', 'fund_source')]).toEqual(['0', '-15']);
    await holds();
  });

  test('a run that was interrupted for weeks is revived, and granted for before the fund expires', async () => {
    await funding.createFund('fund_1', '100', { end: '2018-09-03' });
    await funding.earn('2018-09-03', { app_a1: '100', app_b1: '50' });
    funding.at('2018-09-04', 3);
    const { deps, system } = funding;
    await system.requestRun('2018-09-03');
    const [first, ...lost] = system.settlementJobs.splice(0);
    expect(lost.length).toBeGreaterThan(0);
    await settleBucket(deps, first as BucketOfRun);
    funding.at('2018-09-25', 3);
    await system.settleDue();
    await system.grantPending();
    expect(await funding.left('fund_1', 'fund_source')).toBe('-100');
    await reviveRuns({ db: system.db, enqueue: async jobs => void system.settlementJobs.push(...jobs) });
    expect(system.settlementJobs).toEqual(lost);
    for (const job of system.settlementJobs.splice(0)) await settleBucket(deps, job);
    await system.grantPending();
    expect(await funding.awards()).toEqual(['09-03 app_a1 fund_1: 10', '09-03 app_b1 fund_1: 5']);
    expect([await funding.left('fund_1'), await funding.left('fund_1', 'fund_source')]).toEqual(['0', '-15']);
    await holds();
  });

  test('where there is no fund, a run has nothing to do with funds', async () => {
    await funding.earnAndSettle('2018-09-02', { app_a1: '100' });
    await funding.system.grantPending();
    const { rows } = await funding.system.db.query('select from fund_grants');
    expect(rows).toHaveLength(0);
  });
});
