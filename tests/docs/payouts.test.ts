import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listPayouts } from '../../src/payouts/list-payouts.ts';
import { showPayout } from '../../src/payouts/show-payout.ts';
import { renderDecision } from '../../src/statements/render-decision.ts';
import {
  renderAnswers,
  renderDrawUp,
  renderPayout,
  renderPayoutList,
  renderSent,
} from '../../src/statements/render-payouts.ts';
import { Paying } from '../support/paying.ts';
import { recordPayees, recordPayoutTerms, recordRates, withholdingEntry } from '../support/payout-terms.ts';

let paying: Paying;
let page: string;

const LABOUR = [
  { up_to: '800.00', rate: '0' },
  { up_to: '4000.00', rate: '0.20' },
  { up_to: '25000.00', rate: '0.16' },
  { up_to: '62500.00', rate: '0.24' },
  { rate: '0.32' },
];

beforeAll(async () => {
  page = await readFile(new URL('../../docs/payouts.md', import.meta.url), 'utf8');
  paying = await Paying.open({ developers: [{ id: 'lin', name: 'Lin', type: 'individual', country: 'CN' }] });
  const { system } = paying;
  await recordPayoutTerms(system, { withholding: [withholdingEntry({ id: 'cn-flat', effective_to: '2018-01-01' })] });
  await recordPayoutTerms(system, {
    withholding: [withholdingEntry({ id: 'cn-labour', effective_from: '2018-01-02', tiers: LABOUR })],
  });
  await recordPayees(system, { id: 'lin', destination: 'vault:41', currency: 'USD' });
  await recordRates(system, 'CNY,USD,2018-04-13,0.159312,PBC');
});
afterAll(async () => await paying.drop());

const list = async () =>
  await paying.system.db.snapshot(tx => listPayouts(tx, { bucketCount: 4, proposed: new Set() }));

/** The lines of a text without what differs from run to run: ids and sums of bytes. */
const lasting = (text: string) =>
  text.split('\n').filter(line => !/^file [0-9a-f-]{36}|[0-9a-f]{8}-[0-9a-f]{4}-7/.test(line));

test('the example of docs/payouts.md comes out as the page tells it', async () => {
  await paying.owe(
    { book: 'dev_7', amount: '65000.000703701' },
    { book: 'lin', amount: '5000' },
    { book: 'dev_1', amount: '80' },
  );
  await paying.close('2018-04-H1');
  const drawUp = await paying.drawUp();
  expect(page).toContain(renderDrawUp(drawUp));
  expect(page).toContain(renderPayoutList((await list()).items));

  const batch = drawUp.batches[0]?.batchId ?? '';
  const id = await paying.propose('payouts', { batch });
  const proposed = renderDecision(await paying.deciding.show(id)).split('\n\n');
  expect(page).toContain(proposed.find(part => part.includes('It would move')));
  await paying.deciding.approve(id);

  paying.system.now = new Date('2018-04-25T09:00:00+08:00');
  const sent = await paying.send(batch, 'april-1.csv');
  for (const line of lasting(renderSent(sent, 'april-1.csv'))) expect(page).toContain(line);
  expect(page).toContain(sent.content.toString());
  const company = await paying.payoutOf('dev_7');
  await paying.invoice(company.reference, '65000.00', '4711');
  const second = await paying.send(batch, 'april-2.csv');
  expect(page).toContain(second.content.toString());

  const lines = /^reference,status.*\n(?:201804H1.+\n)+/m.exec(page)?.[0].trimEnd().split('\n').slice(1) ?? [];
  expect(lines).toHaveLength(3);
  const imported = await paying.answers(...lines);
  expect(page).toContain(renderAnswers(imported));
  const { reference } = await paying.payoutOf('lin');
  const shown = await paying.system.db.snapshot(tx =>
    showPayout(tx, { reference, bucketCount: 4, proposed: new Set() }),
  );
  for (const line of lasting(renderPayout(shown))) expect(page).toContain(line);
  expect(await paying.book('lin')).toMatchObject({
    'payable CNY': 800,
    'payable USD': 669.11,
    'fx_rounding USD': 0.0004,
  });
  expect(page).toContain('800.00 CNY and 669.11 USD');
  expect(await paying.differences()).toEqual([]);
});
