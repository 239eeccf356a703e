import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliFolder, complaints, onlyComplaint } from '../support/cli.ts';
import { CATALOG, PERSONS } from '../support/deciding.ts';
import { currencyEntry, withholdingEntry } from '../support/payout-terms.ts';

const cli = new CliFolder({ APPORTION_CLOCK: '2018-04-17T09:00:00+08:00', APPORTION_BUCKETS: '2' });

const TERMS = {
  currencies: [currencyEntry()],
  withholding: [withholdingEntry({ tiers: [{ up_to: '800.00', rate: '0' }, { rate: '0.20' }] })],
  invoices: [{ country: 'DE', required: false, effective_from: '2018-01-01', effective_to: '2018-12-31' }],
};

beforeAll(async () => {
  await cli.app();
  await cli.run(['catalog', 'import', cli.write('catalog.json', JSON.stringify(CATALOG))]);
  await cli.run(['persons', 'import', cli.write('persons.json', JSON.stringify({ persons: PERSONS }))]);
  cli.write('terms.json', JSON.stringify(TERMS));
  cli.write('payees.json', JSON.stringify({ payees: [{ id: 'dev_7', destination: 'vault:41', minimum: '500' }] }));
  cli.write('rates.csv', 'source_currency,target_currency,day,rate,source\nCNY,USD,2018-04-16,0.1591,PBOC\n');
});
afterAll(async () => await cli.close());

const load = (what: string, file: string, actor = 'li.wei') => ['payouts', what, 'import', file, '--actor', actor];

test('nothing is recorded yet', async () => {
  const listed = await Promise.all(['terms', 'payees', 'rates'].map(what => cli.run(['payouts', what, 'list'])));
  expect(listed.map(each => each.stdout)).toEqual([
    'no payout terms: nothing is paid out\n',
    'no payees: nothing is paid out\n',
    'no rates of exchange\n',
  ]);
});

test.each([
  ['nobody', 'unknown_person', '"nobody" is no person known at'],
  ['gone', 'person_disabled', '"gone" is disabled'],
  ['wang.fang', 'wrong_role', '"wang.fang" may not record payout terms: that takes the role finance or operator'],
  ['seven', 'wrong_role', '"seven" may not record payout terms'],
])('%s may record nothing (%s), and leaves nothing', async (actor, code, says) => {
  const refused = await cli.json<{ error: { code: string; message: string } }>(load('terms', 'terms.json', actor));
  expect(refused).toMatchObject({ exitCode: 1, data: { error: { code } } });
  expect(refused.data.error.message).toContain(says);
  expect((await cli.json(['payouts', 'terms', 'list'])).data).toEqual({ items: [] });
});

test('terms, payees and rates are recorded once, by the person as recorded, and listed', async () => {
  expect((await cli.run(load('terms', 'terms.json', 'LI.WEI'))).stdout).toBe(
    'payout terms, import 1: 3 added, 0 changed, 0 unchanged\n',
  );
  expect((await cli.run(load('payees', 'payees.json', 'chen.jie'))).stdout).toBe(
    'payees, import 2: 1 added, 0 changed, 0 unchanged\n',
  );
  expect((await cli.json(load('rates', 'rates.csv'))).data).toEqual({ import: 3, added: 1, changed: 0, unchanged: 0 });
  for (const [what, file, unchanged] of [
    ['terms', 'terms.json', 3],
    ['payees', 'payees.json', 1],
    ['rates', 'rates.csv', 1],
  ] as const) {
    const again = await cli.json(load(what, file));
    expect(again).toEqual({ exitCode: 0, data: { import: 3, added: 0, changed: 0, unchanged } });
  }

  const recorded = { recorded_at: '2018-04-17T01:00:00.000Z', recorded_by: 'li.wei' };
  const days = { effective_from: '2018-01-01', effective_to: null, import: 1, ...recorded };
  const terms = await cli.json(['payouts', 'terms', 'list']);
  expect(terms.data).toEqual({
    items: [
      { list: 'currencies', currency: 'CNY', threshold: { amount: '100.00', currency: 'CNY' }, net_days: 10, ...days },
      {
        ...{ list: 'withholding', id: 'cn-flat', country: 'CN', payee: 'individual', currency: 'CNY' },
        ...{ tiers: [{ up_to: '800.00', rate: '0.00' }, { rate: '0.20' }], ...days },
      },
      { list: 'invoices', country: 'DE', required: false, ...days, effective_to: '2018-12-31' },
    ],
  });
  const later = await cli.json<{ items: { list: string }[] }>(['payouts', 'terms', 'list', '--on', '2019-01-01']);
  expect(later.data.items.map(each => each.list)).toEqual(['currencies', 'withholding']);
  expect((await cli.json(['payouts', 'payees', 'list'])).data).toEqual({
    items: [
      {
        ...{ id: 'dev_7', destination: 'vault:41', currency: null, minimum: '500.00', hold: false },
        ...{ import: 2, ...recorded, recorded_by: 'chen.jie' },
      },
    ],
    next: null,
  });
  expect((await cli.json(['payouts', 'rates', 'list', '--source', 'CNY', '--target', 'USD'])).data).toEqual({
    items: [
      {
        ...{ source_currency: 'CNY', target_currency: 'USD', day: '2018-04-16', rate: '0.1591', source: 'PBOC' },
        ...{ import: 3, ...recorded },
      },
    ],
    next: null,
  });
});

test('they read as tables', async () => {
  const { stdout } = await cli.run(['payouts', 'terms', 'list']);
  expect(stdout.split('\n').map(line => line.replaceAll(/ +/g, ' ').trim())).toEqual([
    'Currency Threshold Due after In force Recorded By',
    'CNY 100.00 10 days from 2018-01-01 2018-04-17T01:00:00.000Z li.wei',
    '',
    'Withholding For Up to Rate In force Recorded By',
    'cn-flat CN individual CNY 800.00 0 % from 2018-01-01 2018-04-17T01:00:00.000Z li.wei',
    'more 20 %',
    '',
    'Companies of Invoice In force Recorded By',
    'DE not asked for 2018-01-01 to 2018-12-31 2018-04-17T01:00:00.000Z li.wei',
    '',
  ]);
});

test('a bad file is refused in one line that names place, value and remedy, and audited', async () => {
  const file = cli.write('bad.json', JSON.stringify({ currencies: [currencyEntry({ threshold: '0' })] }));
  const refused = await cli.run(load('terms', file));
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(onlyComplaint(refused)).toBe(
    'apportion: bad.json: currencies[0].threshold is "0.00"; write a decimal string of at least one minor unit and no part of one, such as "100.00" in CNY',
  );
  const future = cli.write('future.csv', 'source_currency,target_currency,day,rate,source\nCNY,USD,2018-04-18,1,x\n');
  expect(complaints(await cli.run(load('rates', future)))[0]).toContain('after today, 2018-04-17');
  const audited = await cli.json<{ items: { command: string; result: string }[] }>(['audit', '--actor', 'li.wei']);
  expect(audited.data.items.map(({ command, result }) => `${command} ${result}`)).toContain(
    'payouts rates import refused',
  );
});

test.each([
  [['payouts', 'terms', 'import', 'terms.json'], /--actor/],
  [['payouts', 'rates', 'list', '--source', 'RMB'], /ISO 4217/],
  [['payouts', 'terms', 'list', '--on', '2018-02-30'], /is not a date/],
  [['payouts', 'payees', 'list', '--limit', '0'], /whole number/],
])('wrong use exits with 2: %j', async (args, says) => {
  const result = await cli.run(args);
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toMatch(says);
});
