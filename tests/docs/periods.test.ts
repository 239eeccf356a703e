import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { formatDecimal } from '../../src/domain/nanos.ts';
import type { Period } from '../../src/domain/period.ts';
import { sealedBalances } from '../../src/ledger/period-closings.ts';
import { sealBucket } from '../../src/ledger/seal.ts';
import { bookSealsUpTo, bucketSealsUpTo } from '../../src/ledger/stored-seals.ts';
import { textTable } from '../../src/statements/text-table.ts';
import { Closing, click } from '../support/closing.ts';

const left = (title: string) => ({ title, align: 'left' as const });

test('the example of docs/periods.md comes out as the page tells it', async () => {
  const page = await readFile(new URL('../../docs/periods.md', import.meta.url), 'utf8');
  const codeBlock = (start: string) =>
    page.split(/^```.*\n/m).find((text, place) => place % 2 === 1 && text.startsWith(start)) ?? 'no such block';
  const closing = await Closing.forTest({ now: '2018-05-02T09:00:00+08:00' });
  const { system } = closing;
  const earn = async (day: string, price: string) => {
    await system.take([click(day, price)]);
    await system.settleDue();
    closing.tick();
  };
  await earn('2018-04-11', '10.00');
  await earn('2018-04-20', '30.00');
  const { decision } = await closing.propose(JSON.parse(codeBlock('{')));
  await closing.approve(decision.decisionId);
  await earn('2018-04-11', '4.00');

  const { rows } = await system.db.query<Record<string, string>>(
    `select developer_id, app_id, business_date::text, period, debit, credit, amount_nanos, currency
     from transfers
     order by transfer_id`,
  );
  const table = textTable(
    [
      ...['Owner', 'App', 'Day', 'Period', 'Debit', 'Credit'].map(left),
      { title: 'Amount', align: 'decimal' },
      left('Currency'),
    ],
    rows.map(({ amount_nanos: amount = '', currency = '', ...row }) => [
      ...Object.values(row),
      formatDecimal(BigInt(amount) as never, 2),
      currency,
    ]),
  );
  expect(`${table.join('\n')}\n`).toBe(codeBlock('Owner'));

  const first = await closing.seal('2018-04-H1');
  const of = { bucket: bucketOf('dev_7', system.bucketCount), period: '2018-04-H1' as Period };
  const [book] = await bookSealsUpTo(system.db, of);
  const line = codeBlock('["dev_7"').replace('DIGEST', book?.digest ?? '');
  expect(line).toBe(
    `${JSON.stringify(['dev_7', 'CNY', 2, book?.digest, Object.entries(book?.balances ?? {}).sort()])}\n`,
  );
  expect(await bucketSealsUpTo(system.db, of)).toMatchObject([sealBucket(of.bucket, book === undefined ? [] : [book])]);
  expect(
    first?.totals.map(({ account, debitNanos, creditNanos }) => [account, Number(debitNanos), Number(creditNanos)]),
  ).toEqual([
    ['ad_revenue', 10e9, 0],
    ['payable', 0, 5e9],
    ['platform_share', 0, 5e9],
  ]);

  const second = await closing.close('2018-04-H2');
  expect(second.previousDigest).toBe(first?.digest);
  const balances = await sealedBalances(system.db, { ...of, ownerIds: ['dev_7'], period: '2018-04-H2' as Period });
  const payable = balances.find(each => each.account === 'payable');
  expect(page).toContain(`5.00 + 15.00 + 2.00 = ${formatDecimal(payable?.balanceNanos ?? (0n as never), 2)}.`);
  expect((await system.verify()).differences).toEqual([]);
});
