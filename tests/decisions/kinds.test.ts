import { hash } from 'node:crypto';
import { fc, test as propTest } from '@fast-check/vitest';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adjust } from '../../src/decisions/kinds/adjust.ts';
import { adjustment, Deciding, rows } from '../support/deciding.ts';
import { rejectionOf } from '../support/refusals.ts';
import { runs } from '../support/runs.ts';

const CNY = 1_000_000_000n;
const HEADER = 'book,currency,amount,reason,app,business_date';

let deciding: Deciding;
let count = 0;
let id: string;

beforeAll(async () => {
  deciding = await Deciding.open();
});
afterAll(async () => await deciding.system.drop());
beforeEach(() => {
  count += 1;
  id = `decision-${count}`;
});

describe('adjust', () => {
  const csv = (...lines: readonly string[]) => ({ 'rows.csv': [HEADER, ...lines, ''].join('\n') });
  const fromCsv = () => adjustment({ id, parameters: { csv: 'rows.csv' } });

  test('takes its rows from a CSV file beside it, whose digest becomes evidence', async () => {
    const files = csv(
      'dev_7,CNY,12.5,"billed twice, says ""the desk""",,',
      'dev_1,CNY,-0.01,too much,app_1,2018-05-15',
    );
    await deciding.propose(fromCsv(), 'li.wei', files);
    await deciding.approve(id);
    const shown = await deciding.show(id);
    expect(
      shown.transfers.map(each => [each.book, each.app_id, each.business_date, each.period, each.credit, each.why]),
    ).toEqual([
      ['dev_7', null, null, '2018-06-H1', 'payable', 'billed twice, says "the desk"'],
      ['dev_1', 'app_1', '2018-05-15', '2018-05-H1', 'adjustment', 'too much'],
    ]);
    const sha256 = hash('sha256', files['rows.csv'], 'hex');
    expect(shown.evidence).toEqual([{ text: 'ticket 4711' }, { file: 'rows.csv', sha256 }]);
  });

  test.each<[string, readonly string[], string, string]>([
    ['an amount of nothing', ['dev_7,CNY,0.00,x,,'], 'bad_csv', 'row 1.amount'],
    ['an amount with a comma', ['dev_7,CNY,1,x,,', 'dev_7,CNY,"1,000.00",x,,'], 'bad_csv', 'row 2.amount'],
    ['an amount beyond all', ['dev_7,CNY,1000000000000000000,x,,'], 'bad_csv', 'at most 18 digits before the point'],
    ['no reason', ['dev_7,CNY,1,,,'], 'bad_csv', 'row 1.reason'],
    ['too few fields', ['dev_7,CNY,1'], 'bad_csv', 'rows.csv: line 2'],
    ['an open quote', ['dev_7,CNY,1,"x,,'], 'bad_csv', 'rows.csv: line'],
    ['an inch mark', ['dev_7,CNY,1,x,,', 'dev_7,CNY,1,12" wide,,', 'dev_7,CNY,1,14" wide,,'], 'bad_csv', 'line 3'],
    ['text behind quotes', ['dev_7,CNY,1,"x ""y"""z,,'], 'bad_csv', 'line 2: a double quote'],
    ['an unknown book', ['dev_9,CNY,1,x,,'], 'unknown_book', '"dev_9"'],
    ['an unknown app', ['dev_7,CNY,1,x,app_9,'], 'unknown_app', '"app_9"'],
    ['an app of somebody else', ['dev_7,CNY,1,x,app_1,'], 'app_of_another', '"dev_1"'],
    ['an unknown book in one of two rows', ['dev_7,CNY,1,x,,', 'dev_9,CNY,1,x,,'], 'unknown_book', 'row 2: "dev_9"'],
    ['a day ahead in one of two rows', ['dev_7,CNY,1,x,,', 'dev_7,CNY,1,x,,2018-06-02'], 'day_out_of_range', 'row 2: '],
    ['a day that lies ahead', ['dev_7,CNY,1,x,,2018-06-02'], 'day_out_of_range', '2018-06-02'],
    ['a day of another time', ['dev_7,CNY,1,x,,1999-06-02'], 'day_out_of_range', '1999-06-02'],
    ['no rows', [], 'bad_decision', 'parameters.rows'],
  ])('refuses a CSV file with %s', async (_what, lines, code, said) => {
    const refusal = await rejectionOf(deciding.propose(fromCsv(), 'li.wei', csv(...lines)));
    expect(refusal).toMatchObject({ code });
    expect(refusal.message).toContain(said);
    expect(await rejectionOf(deciding.show(id))).toMatchObject({ code: 'unknown_decision' });
  });

  test('refuses a CSV file with other columns, or none at all', async () => {
    const work = deciding.propose(fromCsv(), 'li.wei', { 'rows.csv': 'book,amount\ndev_7,1\n' });
    expect(await rejectionOf(work)).toMatchObject({ code: 'bad_csv', remedy: expect.stringContaining(HEADER) });
    const missing = adjustment({ id, parameters: { csv: 'nowhere.csv' } });
    expect(await rejectionOf(deciding.propose(missing))).toMatchObject({ code: 'bad_file' });
  });

  test('reads no file outside the folder of the proposal', async () => {
    for (const csv of ['/etc/passwd', '../passwd', 'a/../../passwd', '.']) {
      const refusal = await rejectionOf(deciding.propose(adjustment({ id, parameters: { csv } })));
      expect(refusal).toMatchObject({ code: 'bad_file', message: expect.stringContaining('outside the folder') });
    }
  });

  propTest.prop([fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).filter(amount => amount !== 0n)], {
    numRuns: runs(200),
  })('moves the amount in favour or against, by whole nanos', amount => {
    const whole = `${amount < 0n ? '-' : ''}${(amount < 0n ? -amount : amount).toString().padStart(10, '0')}`;
    const text = `${whole.slice(0, -9)}.${whole.slice(-9)}`;
    const parameters = adjust.parameters.parse(rows(['dev_7', text]));
    const [transfer] = adjust.posted?.(parameters) ?? [];
    const signed = transfer?.credit === 'payable' ? transfer.amountNanos : -(transfer?.amountNanos ?? 0n);
    expect(signed).toBe(amount);
    // What is stored is taken as it is when it is read again.
    expect(adjust.parameters.parse(parameters)).toEqual(parameters);
  });
});

describe('write_off', () => {
  const writeOff = (amount: string, changes: Record<string, unknown> = {}) =>
    adjustment({
      id,
      kind: 'write_off',
      parameters: { book: 'dev_1', currency: 'CNY', amount, reason: 'the studio is gone' },
      ...changes,
    });

  test('takes a negative balance off, at most what is negative', async () => {
    await deciding.propose(adjustment({ id: `${id}-first`, parameters: rows(['dev_1', '-20']) }));
    await deciding.approve(`${id}-first`);
    const owed = -(await deciding.balance('dev_1', 'payable'));
    expect(owed).toBeGreaterThanOrEqual(20n * CNY);

    await deciding.propose(writeOff('15.00'));
    await deciding.propose(writeOff('15.00', { id: `${id}-second` }));
    await deciding.approve(id);
    expect(await deciding.balance('dev_1', 'payable')).toBe(15n * CNY - owed);
    expect(await deciding.balance('dev_1', 'write_off')).toBe(-15n * CNY);

    // What was there when it was proposed is there no more.
    const refusal = await rejectionOf(deciding.approve(`${id}-second`));
    expect(refusal).toMatchObject({ code: 'not_negative' });
    expect(await deciding.show(`${id}-second`)).toMatchObject({
      status: 'proposed',
      problem: { code: 'not_negative' },
    });
    expect(await deciding.balance('dev_1', 'payable')).toBe(15n * CNY - owed);
  });

  test('two at once do not take off more than there is', async () => {
    const owed = -(await deciding.balance('dev_1', 'payable'));
    const amount = `${owed / CNY}.${(owed % CNY).toString().padStart(9, '0')}`;
    await deciding.propose(writeOff(amount));
    await deciding.propose(writeOff(amount, { id: `${id}-too` }));
    const both = await Promise.allSettled([deciding.approve(id), deciding.approve(`${id}-too`, 'zhao.min')]);
    expect(both.map(each => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await deciding.balance('dev_1', 'payable')).toBe(0n);
  });

  test.each(['0', '-1', '0.0000000001', 'all'])('refuses an amount of %s', async amount => {
    expect(await rejectionOf(deciding.propose(writeOff(amount)))).toMatchObject({ code: 'bad_decision' });
  });

  test('refuses a balance that is not negative', async () => {
    expect(await rejectionOf(deciding.propose(writeOff('0.01')))).toMatchObject({ code: 'not_negative' });
  });
});

describe('a file that is no decision', () => {
  test.each<[string, object, string]>([
    ['an unknown kind', { kind: 'gift' }, 'kind is "gift"'],
    ['no reason', { reason: undefined }, 'reason is missing'],
    ['no evidence', { evidence: [] }, 'evidence is an array'],
    ['evidence without a digest', { evidence: [{ file: 'mail.txt' }] }, 'evidence[0] is an object'],
    ['an id that is the program’s', { id: '_x' }, 'id is "_x"'],
    ['parameters of another kind', { parameters: { amount: '1' } }, 'parameters.rows is missing'],
    ['a field too many', { approved_by: 'me' }, 'approved_by is "me"'],
    ['an expiry that is no instant', { expires_at: 'tomorrow' }, 'expires_at is "tomorrow"'],
    [
      'an amount as a number',
      { parameters: { rows: [{ book: 'dev_7', currency: 'CNY', amount: 12.5, reason: 'x' }] } },
      'parameters.rows[0].amount is 12.5',
    ],
  ])('%s', async (_what, changes, said) => {
    const refusal = await rejectionOf(deciding.propose(adjustment({ id, ...changes })));
    expect(refusal).toMatchObject({ code: 'bad_decision' });
    expect(refusal.message).toContain(said);
  });

  test('evidence that lies beside it must be the file that is told', async () => {
    const sha256 = hash('sha256', 'Dear all,', 'hex');
    const decision = adjustment({ id, evidence: [{ file: 'mail.txt', sha256 }] });
    expect(await rejectionOf(deciding.propose(decision, 'li.wei', { 'mail.txt': 'Dear you,' }))).toMatchObject({
      code: 'evidence_differs',
    });
    expect(await deciding.propose(decision, 'li.wei', { 'mail.txt': 'Dear all,' })).toMatchObject({ fresh: true });
  });
});
