import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { click } from '../support/books.ts';
import { CliFolder } from '../support/cli.ts';
import { catalogText } from '../support/reference-files.ts';

const page = readFileSync(new URL('../../docs/plans.md', import.meta.url), 'utf8');
const [, monthly = '', daily = ''] = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text = '']) => text);

const cli = new CliFolder({ APPORTION_CLOCK: '2018-04-20T12:00:00+08:00' });
afterAll(async () => await cli.close());

async function printed(...args: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await cli.run(args);
  expect([exitCode, stderr.includes('apportion:')], `${args.join(' ')}: ${stderr}`).toEqual([0, false]);
  return stdout;
}

const take = async (name: string, ...events: object[]) => {
  await printed('ingest', cli.writeEvents(name, events));
  await printed('settle', '--due');
};

beforeAll(async () => {
  await printed('catalog', 'import', cli.write('catalog.json', catalogText()));
  await printed('plans', 'import', cli.write('monthly.json', monthly));
  await take('first.ndjson', click('a', '2018-04-10', '60000.00'), click('b', '2018-04-12', '60000.00'));
});

test('the example of a month comes out as the page tells it, and so does its simulation', async () => {
  const explanation = await printed('explain', '--app', 'app_7_1', '--date', '2018-04-12');
  const [shares = ''] = /^ {2}Gross of the month to this day.*?^ {2}Platform's part .*?$/ms.exec(explanation) ?? [];
  expect(shares.split('\n')).toHaveLength(9);
  expect(page).toContain(`\n${shares}\n`);

  await take('late.ndjson', click('late', '2018-04-10', '10000.00'));
  const transfers = await printed('ledger', 'transfers', '--reason', 'developer_share');
  const posted = transfers.split('\n').filter(line => line.endsWith(' 2'));
  expect(posted).toHaveLength(2);
  const told = page.split('\n').map(line => line.replaceAll(/ +/g, ' '));
  for (const line of posted) expect(told).toContain(line.replaceAll(/ +/g, ' '));

  const simulation = [
    'simulate',
    '--plan',
    cli.write('daily.json', daily),
    '--from',
    '2018-04-01',
    '--to',
    '2018-04-30',
  ];
  expect(page).toContain(`\`\`\`\n${await printed(...simulation)}\`\`\``);
  expect(await printed(...simulation, '--csv')).toBe(
    'developer_id,currency,gross,present,simulated,difference\ndev_7,CNY,130000.00,59000.00,65000.00,6000.00\n',
  );
  const cny = (amount: string) => ({ amount, currency: 'CNY' });
  const shown = { gross: cny('130000.00'), present: cny('59000.00'), simulated: cny('65000.00') };
  expect(JSON.parse(await printed(...simulation, '--top', '1', '--json'))).toEqual({
    from: '2018-04-01',
    to: '2018-04-30',
    items: [
      {
        ...{ currency: 'CNY', developers: 1, ...shown, difference: cny('6000.00') },
        app_days_without_plan: { present: 0, simulated: 0 },
        gains: [{ developer_id: 'dev_7', ...shown, difference: cny('6000.00') }],
        losses: [],
      },
    ],
  });
});
