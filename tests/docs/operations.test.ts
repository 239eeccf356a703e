import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { CliFolder } from '../support/cli.ts';

const PAGE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const LINES = /```ndjson\n(.*?)```/s.exec(PAGE)?.[1] ?? '';

const cli = new CliFolder();
afterAll(async () => await cli.close());

function catalogOf(number: number): string {
  return JSON.stringify({
    developers: [{ id: `dev_${number}`, name: `Studio ${number}`, type: 'company', country: 'CN' }],
    apps: [{ id: `app_${number}_1`, developer_id: `dev_${number}`, name: `App ${number}`, category: 'tools' }],
    ad_units: [{ id: `unit_${number}_1_b`, app_id: `app_${number}_1`, format: 'banner' }],
  });
}

test('the example of rejected lines prints what the page shows, and pays what it says', async () => {
  const at = async (clock: string, ...args: string[]) => {
    const result = await cli.run(args, { env: { APPORTION_CLOCK: `${clock}T09:00:00+08:00` } });
    expect(result, args.join(' ')).toMatchObject({ exitCode: 0 });
    return result.stdout;
  };
  const plan = {
    ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', basis: 'app_day' },
    ...{ mode: 'marginal', tiers: [{ share: '0.50' }] },
  };
  await at('2018-04-16', 'catalog', 'import', cli.write('seven.json', catalogOf(7)));
  await at('2018-04-16', 'plans', 'import', cli.write('plans.json', JSON.stringify({ plans: [plan] })));
  await at('2018-04-16', 'ingest', cli.write('clicks.ndjson', LINES));
  expect(PAGE).toContain(`\`\`\`\n${await at('2018-04-16', 'rejected', 'list')}\`\`\``);
  await at('2018-07-01', 'catalog', 'import', cli.write('eight.json', catalogOf(8)));
  expect(PAGE).toContain(`\`\`\`\n${await at('2018-07-01', 'rejected', 'redrive')}\`\`\``);
  await at('2018-07-01', 'settle', '--due');
  const { data } = await cli.json<{ items: object[] }>(['ledger', 'balances', '--account', 'payable']);
  expect(data.items).toContainEqual({
    developer_id: 'dev_8',
    account: 'payable',
    balance: { amount: '0.25', currency: 'CNY' },
  });
  expect(PAGE).toContain('at 50 %, 0.25.');
});
