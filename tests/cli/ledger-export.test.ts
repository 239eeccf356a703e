import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliFolder } from '../support/cli.ts';

const BOOKS = 25_000;
const TRANSFERS = 2 * BOOKS;
/** So much memory that the programs start with, but far less than the rows take. */
const env = { NODE_OPTIONS: '--max-old-space-size=56' };

const cli = new CliFolder();
beforeAll(async () => {
  const { db } = await cli.app();
  await db.query(`select ensure_ledger_month('2018-04-15')`);
  await db.query(
    `insert into transfers (bucket, ledger_date, transfer_id, developer_id, app_id, business_date, period, currency, debit, credit,
       amount_nanos, reason, run_id, version, booked_at)
     select book % 64, '2018-04-15', uuidv7(), 'dev_' || book, 'app_' || book, '2018-04-15', '2018-04-H1', 'CNY', 'ad_revenue', credit,
       1000000000 + book, 'developer_share', '01890000-0000-7000-8000-000000000000', case credit when 'payable' then 1 else 2 end,
       '2018-04-16T00:00:00Z'
     from generate_series(1, $1) as book
     cross join unnest('{payable,platform_share}'::account_kind[]) as credit`,
    [BOOKS],
  );
}, 120_000);
afterAll(async () => await cli.close());

/** What ends each of its rows, so that a shell can count them. */
const EXPORTS: readonly (readonly [string, RegExp | string, number])[] = [
  ['transfers --csv', 'CNY', TRANSFERS],
  ['transfers --json', '"payout_id":', TRANSFERS],
  ['balances --csv', 'CNY', 3 * BOOKS],
  ['ageing --json', '"owed":', BOOKS],
];

test.each(EXPORTS)(
  'ledger %s prints every row in little memory',
  async (command, mark, rows) => {
    const shell = `set -o pipefail; "$@" | grep -o '${mark}' | wc -l`;
    const result = await cli.run(['ledger', ...command.split(' ')], {
      env,
      shell: `bash -c '${shell.replaceAll("'", `'"'"'`)}' sh "$@"`,
    });
    expect(result).toMatchObject({ stdout: `${rows}\n`, stderr: '', exitCode: 0 });
  },
  120_000,
);
