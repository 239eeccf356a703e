import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { formatAmount } from '../../src/domain/nanos.ts';
import { ratesOn } from '../../src/payouts/exchange-rates.ts';
import { listPayees } from '../../src/payouts/list-payees.ts';
import { listRates } from '../../src/payouts/list-rates.ts';
import { listPayoutTerms } from '../../src/payouts/list-terms.ts';
import { payeesOf } from '../../src/payouts/payees.ts';
import { payoutTermsOn } from '../../src/payouts/payout-terms.ts';
import { checkPayoutImports } from '../../src/payouts/record-import.ts';
import { withholdingFor } from '../../src/payouts/tax-treatment.ts';
import {
  currencyEntry,
  recordPayees,
  recordPayoutTerms,
  recordRates,
  withholdingEntry,
} from '../support/payout-terms.ts';
import { rejectionOf } from '../support/refusals.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const NOW = '2018-04-16T09:00:00+08:00';
const UNCHANGED = { added: 0, changed: 0 };

const CATALOG = {
  developers: [
    { id: 'dev_1', name: 'One', type: 'individual', country: 'CN' },
    { id: 'dev_2', name: 'Two', type: 'individual', country: 'DE' },
    { id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' },
    { id: 'dev_9', name: 'Nine', type: 'company', country: 'HK' },
  ],
  apps: [{ id: 'app_7', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' }],
  providers: [{ id: 'agency', name: 'Agency', type: 'individual', country: 'CN', ratios: [], apps: [] }],
};

let system: SettlementSystem;
let owner: pg.Client;

beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: NOW });
  owner = await system.owner();
});
beforeEach(async () => {
  await system.reset(NOW);
  await system.importCatalog(CATALOG);
});
afterAll(async () => await system.drop());

/** `threshold in net days` of CNY, or `none`. */
async function termsOn(day: string): Promise<string> {
  const terms = await payoutTermsOn(system.db, { day: parseBusinessDay(day), currency: 'CNY' });
  return terms === null ? 'none' : `${formatAmount(terms.thresholdNanos, 'CNY')} in ${terms.netDays}`;
}

describe('terms of a currency', () => {
  test('hold on their days, both inclusive, and on no other', async () => {
    await recordPayoutTerms(system, {
      currencies: [
        currencyEntry({ effective_to: '2018-04-15' }),
        currencyEntry({ threshold: '50.00', net_days: 0, effective_from: '2018-04-17', effective_to: '2018-04-17' }),
        currencyEntry({ currency: 'JPY', threshold: '10000' }),
      ],
    });
    expect(await termsOn('2017-12-31')).toBe('none');
    expect(await termsOn('2018-01-01')).toBe('100.00 in 10');
    expect(await termsOn('2018-04-15')).toBe('100.00 in 10');
    expect(await termsOn('2018-04-16')).toBe('none');
    expect(await termsOn('2018-04-17')).toBe('50.00 in 0');
    expect(await termsOn('2018-04-18')).toBe('none');
  });

  test('the same content again changes nothing, however it is written; what a file leaves out stays', async () => {
    const first = await recordPayoutTerms(system, {
      currencies: [currencyEntry(), currencyEntry({ currency: 'USD', threshold: '20' })],
      withholding: [withholdingEntry()],
      invoices: [{ country: 'HK', required: false, effective_from: '2018-01-01' }],
    });
    expect(first).toEqual({ importNo: 1, added: 4, changed: 0, unchanged: 0 });
    const again = await recordPayoutTerms(system, {
      currencies: [currencyEntry({ threshold: '0100.000', effective_to: null })],
      withholding: [withholdingEntry({ tiers: [{ rate: '0.2000' }] })],
    });
    expect(again).toEqual({ importNo: 1, ...UNCHANGED, unchanged: 2 });
    expect(await listPayoutTerms(system.db, { on: null })).toHaveLength(4);
  });

  test('a correction holds from its import on, and what was recorded before stays recorded', async () => {
    await recordPayoutTerms(system, { currencies: [currencyEntry()] });
    system.now = new Date('2018-04-17T09:00:00+08:00');
    const changed = await recordPayoutTerms(system, { currencies: [currencyEntry({ threshold: '200.00' })] });
    expect(changed).toEqual({ importNo: 2, added: 0, changed: 1, unchanged: 0 });
    expect(await termsOn('2018-04-01')).toBe('200.00 in 10');
    const { rows } = await owner.query('select import_no, threshold_nanos from payout_terms order by import_no');
    expect(rows).toEqual([
      { import_no: 1, threshold_nanos: '100000000000' },
      { import_no: 2, threshold_nanos: '200000000000' },
    ]);
    expect(await listPayoutTerms(system.db, { on: null })).toMatchObject([
      { threshold: { amount: '200.00' }, import: 2, recorded_at: '2018-04-17T01:00:00.000Z', recorded_by: 'li.wei' },
    ]);
  });

  test('going back to what held before is a change of its own', async () => {
    for (const threshold of ['100.00', '200.00', '100.00']) {
      await recordPayoutTerms(system, { currencies: [currencyEntry({ threshold })] });
    }
    expect(await recordPayoutTerms(system, { currencies: [currencyEntry()] })).toMatchObject({ importNo: 3 });
    expect(await termsOn('2018-04-01')).toBe('100.00 in 10');
  });

  test('two that share a day are refused, within a file and with what is recorded, and nothing of the file is taken', async () => {
    await recordPayoutTerms(system, { currencies: [currencyEntry()] });
    const later = currencyEntry({ threshold: '50.00', effective_from: '2018-05-01' });
    const other = currencyEntry({ currency: 'USD' });
    const refusal = await rejectionOf(recordPayoutTerms(system, { currencies: [other, later] }));
    expect(refusal.code).toBe('bad_payout_terms');
    expect(refusal.message).toBe(
      'payout-terms.json: currencies[1].effective_from is "2018-05-01", in force for CNY on a day of what is recorded from 2018-01-01 too, without an end; end one before the other starts, with "effective_to"',
    );
    expect(await payoutTermsOn(system.db, { day: parseBusinessDay('2018-05-01'), currency: 'USD' })).toBeNull();
    const within = await rejectionOf(
      recordPayoutTerms(system, { currencies: [currencyEntry({ effective_to: '2018-05-01' }), later] }),
    );
    expect(within.message).toContain('on a day of currencies[0] too, until 2018-05-01');
    const earlier = await rejectionOf(
      recordPayoutTerms(system, { currencies: [currencyEntry({ effective_from: '2017-01-01' })] }),
    );
    expect(earlier.message).toContain('currencies[0].effective_from is "2017-01-01", in force for CNY');

    const ended = { currencies: [currencyEntry({ effective_to: '2018-04-30' }), later] };
    expect(await recordPayoutTerms(system, ended)).toMatchObject({ added: 1, changed: 1 });
    expect([await termsOn('2018-04-30'), await termsOn('2018-05-01')]).toEqual(['100.00 in 10', '50.00 in 10']);
  });

  test('one key twice in a file is refused', async () => {
    const refusal = await rejectionOf(
      recordPayoutTerms(system, { currencies: [currencyEntry(), currencyEntry({ threshold: '1.00' })] }),
    );
    expect(refusal.message).toContain('currencies[1].effective_from is "2018-01-01", that of currencies[0] too');
  });

  test('imports at once are numbered one after the other', async () => {
    const imports = await Promise.all(
      ['CNY', 'USD', 'EUR', 'JPY'].map(currency =>
        recordPayoutTerms(system, { currencies: [currencyEntry({ currency })] }),
      ),
    );
    expect(imports.map(each => each.importNo).sort()).toEqual([1, 2, 3, 4]);
    expect(await checkPayoutImports(system.db)).toEqual([]);
  });
});

describe('tax and invoices', () => {
  const OWNERS = ['agency', 'dev_1', 'dev_2', 'dev_7', 'dev_9', 'nobody'];
  async function treatments(day: string): Promise<Record<string, string>> {
    const found = await withholdingFor(system.db, { ownerIds: OWNERS, currency: 'CNY', day: parseBusinessDay(day) });
    return Object.fromEntries(
      [...found].map(([ownerId, { table, invoiceRequired }]) => [
        ownerId,
        `${table?.withholdingId ?? '-'}${invoiceRequired ? ', invoice' : ''}`,
      ]),
    );
  }

  test('go by country, type and currency of each owner, in force on the day', async () => {
    await recordPayoutTerms(system, {
      withholding: [
        withholdingEntry({ effective_to: '2018-04-15' }),
        withholdingEntry({ id: 'cn-steps', effective_from: '2018-04-16' }),
        withholdingEntry({ id: 'cn-company', payee: 'company', tiers: [{ rate: '0.06' }] }),
        withholdingEntry({ id: 'cn-usd', currency: 'USD' }),
      ],
      invoices: [{ country: 'HK', required: false, effective_from: '2018-04-16' }],
    });
    expect(await treatments('2018-04-15')).toEqual({
      ...{ agency: 'cn-flat', dev_1: 'cn-flat', dev_2: '-' },
      ...{ dev_7: 'cn-company, invoice', dev_9: '-, invoice' },
    });
    expect(await treatments('2018-04-16')).toEqual({
      ...{ agency: 'cn-steps', dev_1: 'cn-steps', dev_2: '-' },
      ...{ dev_7: 'cn-company, invoice', dev_9: '-' },
    });
  });

  test('two tables for one payee on one day are refused, under whatever ids', async () => {
    await recordPayoutTerms(system, { withholding: [withholdingEntry()] });
    const refusal = await rejectionOf(
      recordPayoutTerms(system, { withholding: [withholdingEntry({ id: 'again', effective_from: '2018-06-01' })] }),
    );
    expect(refusal.message).toContain(
      'in force for CN individual CNY on a day of what is recorded from 2018-01-01 too',
    );
  });

  test('an id says something else once it is recorded again, of another country too', async () => {
    await recordPayoutTerms(system, { withholding: [withholdingEntry()] });
    const moved = withholdingEntry({ country: 'DE', tiers: [{ up_to: '800.00', rate: '0' }, { rate: '0.30' }] });
    expect(await recordPayoutTerms(system, { withholding: [moved] })).toMatchObject({ changed: 1 });
    expect(await treatments('2018-04-15')).toMatchObject({ dev_1: '-', dev_2: 'cn-flat' });
  });
});

describe('payees', () => {
  test('are recorded as a whole: what an entry leaves out no longer holds', async () => {
    await recordPayees(
      system,
      { id: 'dev_7', destination: 'vault:41', currency: 'USD', minimum: '500.00', hold: true },
      { id: 'agency', destination: 'vault:77' },
    );
    expect((await payeesOf(system.db, ['dev_7', 'dev_1'])).get('dev_7')).toEqual({
      ...{ ownerId: 'dev_7', destination: 'vault:41', currency: 'USD', minimumNanos: 500_000_000_000n },
      ...{ onHold: true, importNo: 1 },
    });
    expect(await recordPayees(system, { id: 'dev_7', destination: 'vault:41' })).toMatchObject({ changed: 1 });
    expect(await payeesOf(system.db, ['dev_7', 'dev_1', 'agency'])).toEqual(
      new Map(
        [
          { ownerId: 'agency', destination: 'vault:77', importNo: 1 },
          { ownerId: 'dev_7', destination: 'vault:41', importNo: 2 },
        ].map(each => [each.ownerId, { currency: null, minimumNanos: null, onHold: false, ...each }]),
      ),
    );
  });

  test('that the catalog does not have are refused, and nothing of the file is taken', async () => {
    const refusal = await rejectionOf(recordPayees(system, { id: 'dev_7' }, { id: 'dev_8', destination: 'x' }));
    expect(refusal.message).toBe(
      'payees.json: payees[1].id is "dev_8", neither a developer nor a service provider of the catalog; import the catalog with that one first, or correct the id',
    );
    expect(await payeesOf(system.db, ['dev_7'])).toEqual(new Map());
  });

  test('are listed in pages', async () => {
    await recordPayees(system, { id: 'dev_9' }, { id: 'agency' }, { id: 'dev_7', minimum: '5' });
    const first = await listPayees(system.db, { limit: 2 });
    const second = await listPayees(system.db, { limit: 2, after: first.next ?? '' });
    expect([...first.items, ...second.items].map(row => row.id)).toEqual(['agency', 'dev_7', 'dev_9']);
    expect(second.next).toBeNull();
    expect(first.items[1]).toMatchObject({ minimum: '5.00', hold: false, recorded_by: 'li.wei' });
  });
});

describe('rates', () => {
  async function rateOn(day: string): Promise<string> {
    const rate = (await ratesOn(system.db, { sourceCurrency: 'CNY', day: parseBusinessDay(day) })).get('USD');
    return rate === undefined ? 'none' : `${rate.rate} of ${rate.day} by ${rate.source}`;
  }

  test('the latest of the day or of the seven days before it is used', async () => {
    await recordRates(
      system,
      'CNY,USD,2018-04-02,0.1591,PBOC',
      'CNY,USD,2018-04-04,0.1588,PBOC',
      'CNY,JPY,2018-04-10,17.0,PBOC',
      'USD,CNY,2018-04-10,6.28,PBOC',
    );
    expect(await rateOn('2018-04-01')).toBe('none');
    expect(await rateOn('2018-04-02')).toBe('0.1591 of 2018-04-02 by PBOC');
    expect(await rateOn('2018-04-03')).toBe('0.1591 of 2018-04-02 by PBOC');
    expect(await rateOn('2018-04-04')).toBe('0.1588 of 2018-04-04 by PBOC');
    expect(await rateOn('2018-04-11')).toBe('0.1588 of 2018-04-04 by PBOC');
    expect(await rateOn('2018-04-12')).toBe('none');
  });

  test('the same again changes nothing; a correction of a day holds from then on', async () => {
    const rate = 'CNY,USD,2018-04-10,0.1591,PBOC';
    expect(await recordRates(system, rate)).toEqual({ importNo: 1, added: 1, changed: 0, unchanged: 0 });
    expect(await recordRates(system, 'CNY,USD,2018-04-10,0.15910,PBOC')).toEqual({
      importNo: 1,
      ...UNCHANGED,
      unchanged: 1,
    });
    expect(await recordRates(system, 'CNY,USD,2018-04-10,0.1595,"PBOC, corrected"')).toMatchObject({ changed: 1 });
    expect(await rateOn('2018-04-10')).toBe('0.1595 of 2018-04-10 by PBOC, corrected');
    expect(await listRates(system.db, { sourceCurrency: 'CNY' })).toMatchObject({ items: [{ import: 2 }] });
  });

  test.each([
    ['CNY,CNY,2018-04-10,1,PBOC', 'row 1.target_currency is "CNY", the source too; name two currencies'],
    [
      'CNY,USD,2018-04-17,0.1591,PBOC',
      'row 1.day is "2018-04-17", after today, 2018-04-16; record a rate once it is published',
    ],
    ['CNY,USD,2018-04-10,0,PBOC', 'row 1.rate is "0"; write a decimal number above 0'],
    ['CNY,USD,2018-04-10,,PBOC', 'row 1.rate is null; write a decimal number above 0'],
    ['CNY,USD,2018-04-10,0.1591,', 'row 1.source is null; write 1 to 140 characters'],
    ['RMB,USD,2018-04-10,0.1591,PBOC', 'row 1.source_currency is "RMB"; write an upper-case ISO 4217 code'],
    ['CNY,USD,10.4.2018,0.1591,PBOC', 'row 1.day is "10.4.2018"; write a date that exists as YYYY-MM-DD'],
    ['CNY,USD,2018-04-10,0.1591', 'line 2: missing data for column "source"; write CSV with the first line'],
  ])('%s is refused', async (row, message) => {
    const refusal = await rejectionOf(recordRates(system, row));
    expect(refusal.message).toContain(`rates.csv: ${message}`);
    expect((await listRates(system.db, {})).items).toEqual([]);
  });

  test('one day twice in a file is refused', async () => {
    const rate = 'CNY,USD,2018-04-10,0.1591,PBOC';
    const { message } = await rejectionOf(recordRates(system, rate, rate));
    expect(message).toContain('row 2.day is "2018-04-10", the day of row 1 too, for the same currencies');
  });

  test('are listed in pages', async () => {
    await recordRates(system, 'CNY,USD,2018-04-09,0.1,a', 'CNY,USD,2018-04-10,0.2,a', 'CNY,EUR,2018-04-10,0.3,a');
    const first = await listRates(system.db, { limit: 2 });
    const second = await listRates(system.db, { limit: 2, after: first.next ?? '' });
    expect([...first.items, ...second.items].map(row => `${row.target_currency} ${row.day} ${row.rate}`)).toEqual([
      'EUR 2018-04-10 0.3',
      'USD 2018-04-09 0.1',
      'USD 2018-04-10 0.2',
    ]);
    expect(second.next).toBeNull();
    expect((await listRates(system.db, { targetCurrency: 'EUR' })).items).toHaveLength(1);
  });
});

describe('what is recorded', () => {
  const TABLES = ['payout_imports', 'payout_terms', 'withholding_tables', 'invoice_rules', 'payees', 'exchange_rates'];

  beforeEach(async () => {
    await recordPayoutTerms(system, {
      currencies: [currencyEntry({ effective_to: '2018-12-31' })],
      withholding: [withholdingEntry({ effective_to: '2018-12-31' })],
      invoices: [{ country: 'HK', required: false, effective_from: '2018-01-01', effective_to: '2018-12-31' }],
    });
    await recordPayees(system, { id: 'dev_7', destination: 'vault:41', currency: 'USD', minimum: '500.00' });
    await recordRates(system, 'CNY,USD,2018-04-10,0.1591,PBOC');
  });

  test.each(TABLES)('%s can be neither changed nor removed', async table => {
    for (const statement of [
      `update ${table} set import_no = 9`,
      `delete from ${table}`,
      `truncate ${table} cascade`,
    ]) {
      await expect(system.db.query(statement)).rejects.toMatchObject({ code: '42501' });
      await expect(owner.query(statement)).rejects.toMatchObject({ code: '42501' });
    }
  });

  test.each(TABLES)('verify finds any value of %s that was changed, and a row that is gone', async table => {
    const columns = await owner.query<{ column: string; type: string }>(
      `select attname as column, format_type(atttypid, atttypmod) as type
       from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
      [table],
    );
    const changes = columns.rows.map(({ column, type }) => `update ${table} set ${changeOf(column, type)}`);
    for (const damage of [...changes, `delete from ${table}`]) {
      await owner.query('begin');
      try {
        await owner.query('set local session_replication_role = replica');
        await owner.query(`drop trigger ${table}_keep on ${table}`);
        await owner.query(damage);
        expect(await checkPayoutImports(owner), damage).not.toEqual([]);
      } finally {
        await owner.query('rollback');
      }
    }
    expect((await system.verify()).differences).toEqual([]);
  });

  function changeOf(column: string, type: string): string {
    if (column === 'kind') return `kind = case kind when 'terms' then 'rates' else 'terms' end`;
    if (column === 'payee') return `payee = 'company'`;
    if (type === 'boolean') return `${column} = not ${column}`;
    if (type === 'jsonb') return `${column} = jsonb_build_array(${column})`;
    if (type === 'bytea') return `${column} = '\\x00'`;
    if (type.startsWith('timestamp')) return `${column} = ${column} + interval '1 hour'`;
    return type === 'text' ? `${column} = ${column} || 'x'` : `${column} = ${column} + 10`;
  }
});
