import { describe, expect, test } from 'vitest';
import { parsePayees } from '../../src/payouts/payee-file.ts';
import { parsePayoutTerms } from '../../src/payouts/terms-file.ts';
import { currencyEntry, withholdingEntry } from '../support/payout-terms.ts';
import { refusalOf } from '../support/refusals.ts';

const terms = (file: object) => JSON.stringify(file);
const currency = (changes: Record<string, unknown>) => terms({ currencies: [currencyEntry(changes)] });
const withholding = (changes: Record<string, unknown>) => terms({ withholding: [withholdingEntry(changes)] });
const tiers = (...list: unknown[]) => withholding({ tiers: list });
const invoice = (changes: Record<string, unknown>) =>
  terms({ invoices: [{ country: 'HK', required: false, effective_from: '2018-01-01', ...changes }] });

const LISTS = 'write {"currencies": [ … ], "withholding": [ … ], "invoices": [ … ]}';
const THRESHOLD = 'write a decimal string of at least one minor unit and no part of one, such as "100.00" in CNY';
const NET_DAYS = 'write a whole number of days from 0 to 366';
const COUNTRY = 'write two capital letters as in ISO 3166-1, such as "CN"';
const RATE = 'write a decimal string from "0" to "1" with at most 6 decimals, such as "0.20"';
const TIERS = 'write a list of 1 to 100 tiers, such as [{"up_to": "800.00", "rate": "0"}, {"rate": "0.20"}]';
const DAY = 'write a date that exists as YYYY-MM-DD, such as "2018-04-15"';

describe('payout terms are refused', () => {
  test.each([
    ['an empty file', '', `the file is empty; ${LISTS}`],
    ['no JSON', '{"currencies": [', 'not JSON, it ends too early; correct or write the file again'],
    ['no list', '{}', `the file has no list; ${LISTS}`],
    ['another list', terms({ payees: [] }), `"payees" is no list of this file; ${LISTS}`],
    ['a list that is none', terms({ invoices: {} }), `invoices is an object; ${LISTS}`],
    [
      'a list that is too long',
      terms({ invoices: Array.from({ length: 1001 }, () => null) }),
      'invoices is an array, a list of 1001; hand in at most 1000',
    ],
    [
      'an unknown field',
      currency({ minimum: '5' }),
      'currencies[0].minimum is "5", an unknown field; remove it, its fields are currency, threshold, net_days, effective_from, effective_to',
    ],
    ['no entry', terms({ currencies: [null] }), 'currencies[0] is null; write an object, its fields are'],
    ['a threshold of nothing', currency({ threshold: '0.00' }), `currencies[0].threshold is "0.00"; ${THRESHOLD}`],
    ['a threshold below nothing', currency({ threshold: '-1' }), `currencies[0].threshold is "-1.00"; ${THRESHOLD}`],
    ['a threshold as a number', currency({ threshold: 100 }), `currencies[0].threshold is 100; ${THRESHOLD}`],
    [
      'a part of a cent',
      currency({ threshold: '0.001' }),
      `currencies[0].threshold is "0.001", but CNY has 2 decimals; ${THRESHOLD}`,
    ],
    [
      'a part of a yen',
      currency({ currency: 'JPY', threshold: '10.5' }),
      `currencies[0].threshold is "10.5", but JPY has 0 decimals; ${THRESHOLD}`,
    ],
    ['half a day', currency({ net_days: 1.5 }), `currencies[0].net_days is 1.5; ${NET_DAYS}`],
    ['days as a string', currency({ net_days: '10' }), `currencies[0].net_days is "10"; ${NET_DAYS}`],
    ['more than a year', currency({ net_days: 367 }), `currencies[0].net_days is 367; ${NET_DAYS}`],
    ['days below none', currency({ net_days: -1 }), `currencies[0].net_days is -1; ${NET_DAYS}`],
    [
      'a currency without a minor unit',
      currency({ currency: 'XAU' }),
      'currencies[0].currency is "XAU"; write an upper-case ISO 4217 code with a minor unit, such as "CNY"',
    ],
    [
      'a day that does not exist',
      currency({ effective_from: '2018-02-30' }),
      `currencies[0].effective_from is "2018-02-30"; ${DAY}`,
    ],
    [
      'an end before the start',
      currency({ effective_to: '2017-12-31' }),
      'currencies[0].effective_to is "2017-12-31", before effective_from 2018-01-01; put the last day there',
    ],
    ['a country by name', withholding({ country: 'China' }), `withholding[0].country is "China"; ${COUNTRY}`],
    [
      'another payee',
      withholding({ payee: 'person' }),
      'withholding[0].payee is "person"; write "individual" or "company"',
    ],
    [
      'an id of the program',
      withholding({ id: '_x' }),
      'withholding[0].id is "_x"; write 1 to 64 printable ASCII characters',
    ],
    [
      'an id twice',
      terms({ withholding: [withholdingEntry(), withholdingEntry({ country: 'HK' })] }),
      'withholding[1].id is "cn-flat", the id of an earlier entry too; keep one of them',
    ],
    ['no tiers', tiers(), `withholding[0].tiers is an array; ${TIERS}`],
    ['a rate above 1', tiers({ rate: '1.01' }), `withholding[0].tiers[0].rate is "1.01"; ${RATE}`],
    ['a negative rate', tiers({ rate: '-0.1' }), `withholding[0].tiers[0].rate is "-0.1"; ${RATE}`],
    ['a rate as a number', tiers({ rate: 0.2 }), `withholding[0].tiers[0].rate is 0.2; ${RATE}`],
    ['a rate in per cent', tiers({ rate: '20 %' }), `withholding[0].tiers[0].rate is "20 %"; ${RATE}`],
    [
      'a closed last tier',
      tiers({ up_to: '800.00', rate: '0' }),
      'withholding[0].tiers[0].up_to is "800.00"; leave up_to out of the last tier, which takes all the rest',
    ],
    [
      'an open tier in between',
      tiers({ rate: '0' }, { rate: '0.20' }),
      'withholding[0].tiers[0].up_to is missing; only the last tier may leave it out',
    ],
    [
      'tiers that descend',
      tiers({ up_to: '2', rate: '0' }, { up_to: '1', rate: '0.1' }, { rate: '0.2' }),
      'withholding[0].tiers[1].up_to is "1.00"; each up_to must be above 0 and above that of the tier before',
    ],
    ['a rule that says neither', invoice({ required: 'no' }), 'invoices[0].required is "no"; write true or false'],
    ['a rule for everywhere', invoice({ country: '*' }), `invoices[0].country is "*"; ${COUNTRY}`],
  ])('%s', (_what, text, message) => {
    const refusal = refusalOf(() => parsePayoutTerms(text, 'terms.json'));
    expect(refusal).toMatchObject({ code: 'bad_payout_terms', exitCode: 1 });
    expect(refusal.message).toContain(`terms.json: ${message}`);
  });

  test('with every problem counted and the first twenty told', () => {
    const text = terms({ currencies: Array.from({ length: 30 }, () => currencyEntry({ net_days: -1 })) });
    const { message, details } = refusalOf(() => parsePayoutTerms(text, 'terms.json'));
    expect(message).toContain('(and 29 more problems)');
    expect(details).toMatchObject({ count: 30 });
    expect(details.problems).toHaveLength(20);
  });
});

const payee = (changes: Record<string, unknown>) => terms({ payees: [{ id: 'dev_7', ...changes }] });
const MINIMUM = 'write a decimal string above 0 with at most 9 decimals, such as "500.00"';
const DESTINATION = 'write 1 to 140 characters without control characters or spaces around them';

describe('payees are refused', () => {
  test.each([
    ['another list', terms({ payee: [] }), '"payee" is no list of this file; write {"payees": [ … ]}'],
    [
      'what the catalog says',
      payee({ country: 'CN' }),
      'payees[0].country is "CN", an unknown field; remove it, its fields are id, destination, currency, minimum, hold',
    ],
    ['a minimum of nothing', payee({ minimum: '0' }), `payees[0].minimum is "0"; ${MINIMUM}`],
    ['a minimum as a number', payee({ minimum: 500 }), `payees[0].minimum is 500; ${MINIMUM}`],
    ['an empty destination', payee({ destination: '' }), `payees[0].destination is ""; ${DESTINATION}`],
    ['a destination of two lines', payee({ destination: 'a\nb' }), `payees[0].destination is "a\\nb"; ${DESTINATION}`],
    ['a long destination', payee({ destination: 'x'.repeat(141) }), DESTINATION],
    ['a hold that is a word', payee({ hold: 'yes' }), 'payees[0].hold is "yes"; write true or false'],
    [
      'a payee twice',
      terms({ payees: [{ id: 'dev_7' }, { id: 'dev_7', hold: true }] }),
      'payees[1].id is "dev_7", the id of an earlier entry too; keep one of them',
    ],
  ])('%s', (_what, text, message) => {
    const refusal = refusalOf(() => parsePayees(text, 'payees.json'));
    expect(refusal).toMatchObject({ code: 'bad_payees', exitCode: 1 });
    expect(refusal.message).toContain(message);
  });

  test('of a payee all but the id may be left out', () => {
    expect(parsePayees(payee({}), 'payees.json').payees).toEqual([
      {
        place: 'payees[0]',
        value: { ownerId: 'dev_7', destination: null, currency: null, minimumNanos: null, onHold: false },
      },
    ]);
  });
});
