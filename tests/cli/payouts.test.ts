import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliFolder, complaints, onlyComplaint } from '../support/cli.ts';
import { CATALOG, PERSONS } from '../support/deciding.ts';
import { currencyEntry, withholdingEntry } from '../support/payout-terms.ts';

const folder = new CliFolder();
const BATCH = '2018-04-H1-CNY-1';
const at = (day: string) => ({ env: { APPORTION_CLOCK: `${day}T09:00:00+08:00` } });
const APRIL_16 = at('2018-04-16');
const APRIL_25 = at('2018-04-25');
const ACTOR = ['--actor', 'li.wei'];

async function decide(id: string, kind: string, parameters: object, clock = APRIL_16): Promise<void> {
  const proposal = { id, kind, parameters, reason: 'a test', evidence: [{ text: 'a test' }] };
  const file = folder.write(`${id}.json`, JSON.stringify(proposal));
  await done(['decisions', 'propose', file, ...ACTOR], clock);
  await done(['decisions', 'approve', id, '--actor', 'wang.fang'], clock);
}

async function done(args: readonly string[], clock = APRIL_16): Promise<string> {
  const { exitCode, stdout, stderr } = await folder.run(args, clock);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

beforeAll(async () => {
  folder.write('catalog.json', JSON.stringify(CATALOG));
  folder.write('persons.json', JSON.stringify({ persons: PERSONS }));
  const withholding = [withholdingEntry({ id: 'de', country: 'DE', tiers: [{ rate: '0.1' }] })];
  folder.write('terms.json', JSON.stringify({ currencies: [currencyEntry()], withholding }));
  const payees = [
    { id: 'dev_1', destination: '=cmd|vault:1' },
    { id: 'dev_7', destination: 'vault:7' },
  ];
  folder.write('payees.json', JSON.stringify({ payees }));
  await done(['catalog', 'import', 'catalog.json'], at('2018-04-01'));
  await done(['persons', 'import', 'persons.json'], at('2018-04-01'));
  for (const what of ['terms', 'payees']) await done(['payouts', what, 'import', `${what}.json`, ...ACTOR]);
});
afterAll(async () => await folder.close());

describe('payouts on the command line', () => {
  test('nothing is drawn up before a period is closed', async () => {
    const refused = await folder.run(['payouts', 'draw-up', ...ACTOR], APRIL_16);
    expect(refused.exitCode).toBe(1);
    expect(onlyComplaint(refused)).toContain('no period is closed yet');
    expect(await done(['payouts', 'batches'])).toBe('no batches of payouts\n');
  });

  test('draw-up shows the batch and what carries over; again it has nothing to do', async () => {
    const row = (book: string, amount: string) => ({
      book,
      amount,
      currency: 'CNY',
      reason: '-',
      business_date: '2018-04-10',
    });
    await decide('owed', 'adjust', { rows: [row('dev_1', '1000.009'), row('dev_7', '2500')] });
    await decide('close', 'close_period', { period: '2018-04-H1' });
    const { data, exitCode } = await folder.json(['payouts', 'draw-up', ...ACTOR], APRIL_16);
    expect(exitCode).toBe(0);
    expect(data).toMatchObject({
      period: '2018-04-H1',
      items: [
        {
          ...{ id: BATCH, payouts: 2, amount: { amount: '3500.00', currency: 'CNY' }, due_on: '2018-04-25' },
          ...{
            by_status: { due: 2 },
            files: [],
            drawn_up_by: 'li.wei',
            threshold: { amount: '100.00', currency: 'CNY' },
          },
        },
      ],
      carried: [],
    });
    expect(await done(['payouts', 'draw-up', ...ACTOR])).toBe('2018-04-H1: nothing to draw up\n');
  });

  test('an open decision makes it proposed, its approval approved', async () => {
    const proposal = {
      id: 'pay',
      kind: 'payouts',
      parameters: { batch: BATCH },
      reason: 'April',
      evidence: [{ text: '-' }],
    };
    folder.write('pay.json', JSON.stringify(proposal));
    const proposed = await done(['decisions', 'propose', 'pay.json', ...ACTOR]);
    expect(proposed).toContain('2 payouts of 3500.00 CNY would be approved');
    expect(proposed).toMatch(/^payable +3,500\.00 +0\.00 +CNY$/m);
    expect(await done(['payouts', 'batches'])).toContain('2 proposed');
    const { data } = await folder.json<{ items: object[] }>(['payouts', 'list', '--status', 'proposed'], APRIL_16);
    expect(data.items).toHaveLength(2);
    await done(['decisions', 'approve', 'pay', '--actor', 'wang.fang']);
    expect(await done(['payouts', 'batches'])).toContain('2 approved');
  });

  test('who may not send is told so, and nothing is left behind', async () => {
    const send = (actor: string) => ['payouts', 'send', '--batch', BATCH, '--out', 'a.csv', '--actor', actor];
    expect(onlyComplaint(await folder.run(send('wang.fang'), APRIL_25))).toContain(
      'takes the role finance or operator',
    );
    const nowhere = ['payouts', 'send', '--batch', BATCH, '--out', 'no/such/folder.csv', ...ACTOR];
    expect(onlyComplaint(await folder.run(nowhere, APRIL_25))).toContain("can't be written (ENOENT)");
    expect(await done(['payouts', 'batches'], APRIL_25)).toContain('2 approved');
    await done(send('li.wei'), APRIL_25);
  });

  test('the file holds what was sent, is for its owner alone, and can be had again to the byte', async () => {
    const file = path.join(folder.folder, 'a.csv');
    const content = readFileSync(file, 'utf8');
    expect(content).toMatch(
      /^"reference","payee","destination","amount","currency"\n"201804H1-CNY-\w{16}","dev_1","=cmd\|vault:1",900\.00,"CNY"\n$/,
    );
    const again = await folder.json(['payouts', 'send', '--batch', BATCH, '--out', 'a.csv', ...ACTOR], APRIL_25);
    expect(again).toMatchObject({
      exitCode: 0,
      data: { fresh: false, payouts: 1, waiting: [{ book: 'dev_7', why: 'no_invoice' }] },
    });
    expect(readFileSync(file, 'utf8')).toBe(content);
    writeFileSync(file, 'something else');
    const differs = await folder.run(['payouts', 'send', '--batch', BATCH, '--out', 'a.csv', ...ACTOR], APRIL_25);
    expect(onlyComplaint(differs)).toContain('there is a file "a.csv" already, and it is not this one');
    expect(readFileSync(file, 'utf8')).toBe('something else');
    const { data } = await folder.json<{ items: { files: { id: string; name: string }[] }[] }>(
      ['payouts', 'batches'],
      APRIL_25,
    );
    const id = data.items[0]?.files[0]?.id ?? '';
    expect(await done(['payouts', 'file', id], APRIL_25)).toBe(content);
    await done(['payouts', 'file', id, '--out', 'copy.csv'], APRIL_25);
    expect(readFileSync(path.join(folder.folder, 'copy.csv'), 'utf8')).toBe(content);
    expect(existsSync(`${file}.draft`)).toBe(false);
  });

  test('a list for people is safe in a spreadsheet', async () => {
    const csv = await done(['payouts', 'list', '--csv', '--developer', 'dev_1'], APRIL_25);
    expect(csv.split('\n')[0]).toBe(
      'reference,batch,book,period,status,status_at,status_reason,amount,tax,net,currency,sent,sent_currency,rate,rate_day,rate_source,destination,country,payee,withholding,invoice_required',
    );
    expect(csv).toContain(`,1000.00,100.00,900.00,CNY,900.00,CNY,,,,'=cmd|vault:1,DE,individual,de,false\n`);
  });

  test('lists come whole as JSON and CSV, behind any row, and in pages that join', async () => {
    const read = async (...args: string[]) =>
      (await folder.json<{ items: object[]; next: string | null; period?: string }>(args, APRIL_25)).data;
    const list = ['payouts', 'list'];
    const whole = await read(...list);
    expect(whole).toMatchObject({ items: { length: 2 }, next: null });
    const first = await read(...list, '--limit', '1');
    expect(first.items).toEqual(whole.items.slice(0, 1));
    const after = ['--after', first.next ?? ''];
    expect(await read(...list, ...after)).toEqual({ items: whole.items.slice(1), next: null });
    expect(await read(...list, ...after, '--limit', '1')).toEqual({ items: whole.items.slice(1), next: null });
    expect((await done([...list, '--csv', ...after], APRIL_25)).split('\n')).toHaveLength(3);
    expect(await read('payouts', 'carried')).toEqual({ period: '2018-04-H1', items: [], next: null });
    const payees = await done(['payouts', 'payees', 'list', '--csv', '--limit', '1'], APRIL_25);
    expect(payees).toMatch(
      /^id,destination,currency,minimum,hold,recorded_at,recorded_by\ndev_1,'=cmd\|vault:1,,,false,2018-04-.*,li\.wei\n$/,
    );
    const persons = await done(['persons', 'list', '--csv'], APRIL_25);
    expect(persons).toMatch(/^id,name,roles,book,status,valid_from,version\n/);
    expect(persons).toMatch(/^zhao\.min,Zhao Min,finance approver,,active,/m);
  });

  test("the invoice lets the company's payout go; the bank's answers move what they match", async () => {
    const { data } = await folder.json<{ items: { reference: string }[] }>(
      ['payouts', 'list', '--developer', 'dev_7'],
      APRIL_25,
    );
    const reference = data.items[0]?.reference ?? '';
    const invoice = ['payouts', 'invoice', reference, '--number', 'R-1', '--amount'];
    expect(onlyComplaint(await folder.run([...invoice, '1', ...ACTOR], APRIL_25))).toContain(
      'is of 2500.00 CNY, not of 1.00',
    );
    expect(await done([...invoice, '2500', ...ACTOR], APRIL_25)).toBe(`${reference}: invoice R-1\n`);
    await done(['payouts', 'send', '--batch', BATCH, '--out', 'b.csv', ...ACTOR], APRIL_25);
    const head = 'reference,status,amount,currency,bank_reference,booked_on,reason';
    const rows = [`${reference},paid,2500.00,CNY,T-1,2018-04-25,`, `${reference}X,paid,1.00,CNY,T-2,2018-04-25,=cmd`];
    folder.write('answers.csv', [head, ...rows, ''].join('\n'));
    const answers = await folder.run(['payouts', 'answers', 'answers.csv', ...ACTOR], APRIL_25);
    expect(answers.exitCode).toBe(1);
    expect(answers.stdout).toContain('2 rows: 1 paid, 0 returned, 0 known already, 1 unmatched');
    expect(complaints(answers)).toEqual([]);
    expect(await done(['payouts', 'unmatched'], APRIL_25)).toContain('no payout has this reference');
    expect(await done(['payouts', 'unmatched', '--csv'], APRIL_25)).toContain(",'=cmd,");
    const shown = await done(['payouts', 'show', reference], APRIL_25);
    expect(shown).toMatch(/^Invoice +R-1, 2018-04-25 01:00:00Z by li\.wei$/m);
    expect(shown).toMatch(/^paid +2018-04-25 01:00:00Z +li\.wei +T-1 /m);
    const verified = await folder.json(['verify'], APRIL_25);
    expect(verified).toMatchObject({ exitCode: 0, data: { differences: 0 } });
  });

  test('the ledger names the payout, and explains its transfers', async () => {
    const { data } = await folder.json<{ items: { id: string; payout_id: string }[] }>(
      ['ledger', 'transfers', '--reason', 'payout', '--developer', 'dev_7'],
      APRIL_25,
    );
    const [transfer] = data.items;
    const { data: payout } = await folder.json<{ id: string; reference: string }>(
      ['payouts', 'show', await referenceOf('dev_7')],
      APRIL_25,
    );
    expect(transfer?.payout_id).toBe(payout.id);
    const explained = await done(['explain', '--transfer', transfer?.id ?? ''], APRIL_25);
    expect(explained).toContain(`A step of payout ${payout.reference} (batch ${BATCH}, for 2018-04-H1), now paid`);
    expect(explained).toContain('Posted by decision pay (payouts)');
    const { data: sent } = await folder.json<{ items: { id: string }[] }>(
      ['ledger', 'transfers', '--reason', 'payout_sent', '--developer', 'dev_7'],
      APRIL_25,
    );
    expect(await done(['explain', '--transfer', sent.items[0]?.id ?? ''], APRIL_25)).toContain(
      'by the file of payouts b.csv, file ',
    );
  });

  test.each([
    [['payouts', 'show', 'nothing'], 'there is no payout "nothing"'],
    [['payouts', 'list', '--batch', 'nothing'], 'there is no batch "nothing" of payouts'],
    [['payouts', 'file', 'nothing'], 'there is no file "nothing" of payouts'],
    [['payouts', 'answers', 'catalog.json', ...ACTOR], 'catalog.json: line 1: wrong number of fields in header line'],
    [['payouts', 'list', '--after', 'x'], 'does not continue this list'],
  ])('%j is refused in one line', async (args, said) => {
    const refused = await folder.run(args, APRIL_25);
    expect(refused.exitCode).not.toBe(0);
    expect(onlyComplaint(refused)).toContain(said);
  });
});

async function referenceOf(developer: string): Promise<string> {
  const { data } = await folder.json<{ items: { reference: string }[] }>(
    ['payouts', 'list', '--developer', developer],
    APRIL_25,
  );
  return data.items[0]?.reference ?? '';
}
