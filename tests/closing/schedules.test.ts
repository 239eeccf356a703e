import { afterEach, expect, test } from 'vitest';
import { settleBucket } from '../../src/settlement/settle-bucket.ts';
import { Closing, click } from '../support/closing.ts';
import { Paying } from '../support/paying.ts';
import { rejectionOf } from '../support/refusals.ts';
import { comesToWait, Stopping } from '../support/stopping.ts';

const PERIOD = '2018-04-H2';

let paying: Paying | null = null;
afterEach(async () => {
  await paying?.drop();
  paying = null;
});

/** A closing of the period is proposed, and then a click comes: after the cut, so that for it alone the day could stay due. */
async function proposedBeforeLateClick() {
  const closing = await Closing.forTest();
  const { system } = closing;
  await closing.earn('2018-04-20');
  closing.tick();
  const id = await closing.proposeClosing(PERIOD);
  closing.tick();
  await system.take([click('2018-04-20', '4.00')]);
  return { closing, system, id };
}

test('the unit stranded by closing a window under load: a closing waits for who is posting into its period', async () => {
  const { closing, system, id } = await proposedBeforeLateClick();
  await system.requestRun('2018-04-20');
  const [job] = system.settlementJobs.splice(0);
  if (job === undefined) throw new Error('nothing is to be settled');
  const stopping = new Stopping(system.db, { before: 'delete from due_days' });
  const settling = settleBucket({ ...closing.deps, db: stopping.db }, job);
  await stopping.stopped;
  const approving = closing.approve(id);
  const waited = await comesToWait(system.db);
  stopping.resume();
  await Promise.all([settling, approving]);
  expect((await system.verify()).differences).toEqual([]);
  expect(await closing.ledgerOf(PERIOD)).toContain('2018-04-20 app_7_1 ad_revenue > payable 2000000000 v2');
  expect(waited).toBe(true);
});

test('a change of plans blocks a closing on a day that a later batch had made due before', async () => {
  const { closing, system, id } = await proposedBeforeLateClick();
  await system.importPlans({
    ...{ id: 'tools', scope: { category: 'tools' }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.40' }] },
  });
  expect(await rejectionOf(closing.approve(id))).toMatchObject({
    code: 'period_blocked',
    details: { blocks: [{ code: 'days_due' }] },
  });
});

test('a period is not closed over payouts whose records are not what the ledger moved', async () => {
  paying = await Paying.open();
  const { system } = paying;
  await (await system.owner()).query('update installation set bucket_count = 4');
  const batch = await paying.drawn({ book: 'dev_7', amount: '1000.00' });
  await paying.approve(batch);
  system.now = new Date('2018-05-02T09:00:00+08:00');
  const id = await paying.propose('close_period', { period: PERIOD });

  const owner = await system.owner();
  await owner.query('alter table payout_steps disable trigger all');
  const damage = (days: number) =>
    owner.query(`update payout_steps set ledger_date = ledger_date + $1::int where status = 'approved'`, [days]);
  expect((await damage(1)).rowCount).toBe(1);
  expect(await rejectionOf(paying.deciding.approve(id))).toMatchObject({
    code: 'period_unbalanced',
    message: expect.stringContaining((await paying.payoutOf('dev_7')).reference),
  });
  await damage(-1);
  await owner.query('alter table payout_steps enable trigger all');
  await paying.deciding.approve(id);
});
