import { afterAll, beforeAll, expect, test } from 'vitest';
import { listTransfers } from '../../src/ledger/list-transfers.ts';
import { explainTransfer } from '../../src/statements/explain-transfer.ts';
import { renderTransfer } from '../../src/statements/render-transfer.ts';
import { Funding } from '../support/funding.ts';

let funding: Funding;
beforeAll(async () => {
  funding = await Funding.open();
  await funding.createFund('growth', '15.00');
  await funding.earnAndSettle('2018-09-03', { app_a1: '100', app_b1: '100' });
  await funding.decide('fund_top_up', { fund: 'growth', currency: 'CNY', amount: '100.00' });
  await funding.system.grantPending();
  await funding.decide('fund_close', { fund: 'growth' });
  await funding.system.grantPending();
});
afterAll(async () => await funding.system.drop());

/** Of each transfer in the fund's book that a step posted. */
async function explained(developerId?: string) {
  const { bucketCount, calendar, db } = funding.system;
  return await db.snapshot(async tx => {
    const whose = developerId === undefined ? { fundId: 'growth' } : { developerId, reason: 'incentive' };
    const { items } = await listTransfers(tx, { bucketCount, ...whose });
    const all: Awaited<ReturnType<typeof explainTransfer>>[] = [];
    for (const { id, run_id } of items) {
      if (run_id !== null) all.push(await explainTransfer(tx, { transferId: id, bucketCount, calendar }));
    }
    return all;
  });
}

test('an award names the step of the fund and the run that it followed, in both books', async () => {
  const [first] = await explained();
  const { rows } = await funding.system.db.query<{ run_id: string }>('select run_id from settlement_runs');
  const afterRun = { run_id: rows[0]?.run_id, business_date: '2018-09-03' };
  const step = { fund_id: 'growth', step: 1, cause: 'run', after_run: afterRun };
  expect(first).toMatchObject({ run: null, decision: null, fund_step: step });
  const [received] = await explained('dev_a');
  expect(received).toMatchObject({ transfer: { fund_id: 'growth' }, run: null, fund_step: step });
  const text = renderTransfer(first ?? expect.fail('there are awards'));
  expect(text).toContain(`\nPosted by step 1 of fund growth\n  after run ${afterRun.run_id} of 2018-09-03\n`);
});

test('what a fund met later, and gave back, names no run', async () => {
  const all = await explained();
  const causes = all.map(({ fund_step }) => `${fund_step?.step} ${fund_step?.cause} ${fund_step?.after_run === null}`);
  expect(new Set(causes)).toEqual(new Set(['1 run false', '2 rest true', '3 close true']));
  const texts = all.map(renderTransfer).join('\n');
  expect(texts).toContain('which met what had been lacking, when there was money again');
  expect(texts).toContain('when the fund was closed');
});

test('what a run or a decision posted is no step', async () => {
  const { bucketCount, calendar, db } = funding.system;
  const found = await db.snapshot(async tx => {
    const { items } = await listTransfers(tx, { bucketCount, developerId: 'dev_a', reason: 'developer_share' });
    return await explainTransfer(tx, { transferId: items[0]?.id ?? '', bucketCount, calendar });
  });
  expect(found.fund_step).toBeNull();
  expect(found.run).not.toBeNull();
});
