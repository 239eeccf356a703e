import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliFolder, complaints, onlyComplaint } from '../support/cli.ts';
import { catalogText, planEntry, plansText } from '../support/reference-files.ts';

const AS_OF = ['--as-of', '2018-04-16T02:00:00+08:00'];
const RANDOM = Buffer.concat(Array.from({ length: 3_000 }, (_, index) => hash('sha256', `${index}`, 'buffer')));

interface Ingested {
  readonly received: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly rejected: Record<string, number>;
  readonly first_rejected: { file: string; line: number; reason: string; field: string | null; detail: string }[];
  readonly problems: { code: string; message: string }[];
}

interface Refused {
  readonly error: { code: string; message: string; details: Record<string, unknown> };
}

const cli = new CliFolder();

beforeAll(async () => {
  await cli.app();
  expect(await cli.run(['catalog', 'import', cli.write('catalog.json', catalogText())])).toMatchObject({ exitCode: 0 });
});
afterAll(async () => await cli.close());

/** Good but for `changes`; a field that is undefined is left out. */
function event(id: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    type: 'impression',
    occurred_at: '2018-04-15T10:00:00+08:00',
    app_id: 'app_7_1',
    ad_unit_id: 'unit_7_1_b',
    currency: 'CNY',
    price: '2.50',
    ...changes,
  };
}

interface BadLine {
  readonly name: string;
  readonly line: string | Record<string, unknown>;
  readonly reason: string;
  readonly field: string | null;
  /** What the detail says: the value, then the remedy. */
  readonly says: readonly string[];
}

const BAD_LINES: readonly BadLine[] = [
  {
    ...{ name: 'a malformed line', line: '{"id":"cut off', reason: 'bad_json', field: null },
    says: ['"{\\"id\\":\\"cut off"', 'send one JSON object a line'],
  },
  {
    ...{ name: 'an unknown app', line: event('bad', { app_id: 'app_9' }), reason: 'unknown_app', field: 'app_id' },
    says: ['"app_9"', 'import it, then try the line again'],
  },
  {
    ...{
      name: 'a price of 7 decimals',
      line: event('bad', { price: '2.1234567' }),
      reason: 'bad_price',
      field: 'price',
    },
    says: ['"2.1234567"', 'at most 6 decimals'],
  },
  {
    ...{ name: 'a negative price', line: event('bad', { price: '-1.5' }), reason: 'bad_price', field: 'price' },
    says: ['"-1.5"', 'from "0" to "1000000"'],
  },
  {
    ...{ name: 'a currency not of ISO 4217', line: event('bad', { currency: 'RMB' }) },
    ...{ reason: 'bad_currency', field: 'currency', says: ['"RMB"', 'ISO 4217'] },
  },
  {
    ...{ name: 'a date that does not exist', line: event('bad', { occurred_at: '2018-02-30T10:00:00+08:00' }) },
    ...{ reason: 'bad_time', field: 'occurred_at', says: ['"2018-02-30T10:00:00+08:00"', 'no such date'] },
  },
  {
    ...{ name: 'a line of 10 MB', line: event('bad', { user_agent: 'x'.repeat(10_000_000) }) },
    ...{ reason: 'too_long', field: null, says: ['longer than 65536 bytes', 'send one event a line'] },
  },
];

describe('a line that cannot be used is rejected with a reason, and good lines around it count', () => {
  test.concurrent.each(BAD_LINES)('$name', async ({ name, line, reason, field, says }) => {
    const file = cli.writeEvents(`${name}.ndjson`, [event(`${name}, before`), line, event(`${name}, after`)]);
    const { data, exitCode } = await cli.json<Ingested>(['ingest', file, ...AS_OF]);
    expect(data).toMatchObject({ received: 3, accepted: 2, duplicates: 0, conflicts: 0, rejected: { [reason]: 1 } });
    expect(data.first_rejected).toEqual([{ file, line: 2, reason, field, detail: expect.any(String) }]);
    for (const part of says) expect(data.first_rejected[0]?.detail).toContain(part);
    expect(exitCode).toBe(0);
  });

  test.concurrent('a repeat in the same file is counted, other content with the same id is a conflict', async () => {
    const file = cli.writeEvents('repeats.ndjson', [event('r'), event('r'), event('r', { price: '9' }), event('r2')]);
    const { data, exitCode } = await cli.json<Ingested>(['ingest', file, ...AS_OF]);
    expect(data).toMatchObject({ received: 4, accepted: 2, duplicates: 1, conflicts: 1, rejected: {} });
    expect(exitCode).toBe(0);
  });

  test.concurrent('every reason is shown with file, line, field, value and remedy; --strict makes it exit 1', async () => {
    const files = BAD_LINES.map(({ line }, index) =>
      cli.writeEvents(`strict-${index}`, [event(`strict-${index}`), line]),
    );
    const strict = await cli.run(['ingest', ...files, ...AS_OF, '--strict']);
    expect(strict.exitCode).toBe(1);
    expect(strict.stdout).toMatch(/^received +14\naccepted +7\n/);
    expect(strict.stdout).toMatch(/^rejected: bad_price +2$/m);
    const told = complaints(strict);
    // Two lines of one reason are told once, with the number of the others.
    expect(told).toHaveLength(BAD_LINES.length);
    expect(told).toContain(
      'apportion: strict-2:2: bad_price: price "2.1234567"; send a decimal string from "0" to "1000000" with at most 6 decimals, without sign or exponent (and 1 more)',
    );
    expect(told.at(-1)).toBe('apportion: --strict allows no rejected line');
  });

  test.concurrent('--strict is content with repeats', async () => {
    const file = cli.writeEvents('strict-repeats.ndjson', [event('s'), event('s')]);
    expect(await cli.run(['ingest', file, ...AS_OF, '--strict'])).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('a damaged file', () => {
  const WHOLE = gzipSync(
    Array.from(
      { length: 500 },
      (_, index) => `${JSON.stringify(event(`gz-${index}-${hash('sha256', `${index}`)}`.slice(0, 64)))}\n`,
    ).join(''),
  );

  test.concurrent('a truncated gzip counts up to its last whole line and exits 1', async () => {
    const file = cli.write('cut.gz', WHOLE.subarray(0, WHOLE.length >> 1));
    const { data, exitCode } = await cli.json<Ingested>(['ingest', file, ...AS_OF]);
    expect(data.received).toBeGreaterThan(100);
    expect(data.received).toBeLessThan(500);
    expect(data).toMatchObject({ accepted: data.received, rejected: {}, problems: [{ code: 'bad_file' }] });
    expect(data.problems[0]?.message).toBe(
      `cut.gz: is damaged or cut short after line ${data.received} (unexpected end of file); fetch it again`,
    );
    expect(exitCode).toBe(1);
  });

  test.concurrent('a binary file is rejected line by line', async () => {
    const file = cli.write('binary', Buffer.concat([Buffer.from(`${JSON.stringify(event('in-binary'))}\n`), RANDOM]));
    const { data, exitCode } = await cli.json<Ingested>(['ingest', file, ...AS_OF]);
    expect(data).toMatchObject({ accepted: 1, rejected: { bad_json: data.received - 1 } });
    expect(data.first_rejected[0]).toMatchObject({ line: 2, detail: expect.stringContaining('not UTF-8') });
    expect(exitCode).toBe(0);
  });

  const UNREADABLE = [
    {
      name: 'an empty file',
      file: 'empty',
      content: '',
      says: 'empty: holds no line; give a file with one event a line',
    },
    {
      name: 'a file of blank lines',
      file: 'blank',
      content: '\n \n',
      says: 'blank: holds no line; give a file with one event a line',
    },
    {
      name: 'a gzip that ends in its header',
      file: 'cut',
      content: WHOLE.subarray(0, 8),
      says: 'cut: is damaged or cut short after line 0 (unexpected end of file); fetch it again',
    },
    {
      name: 'a file that is not there',
      file: 'nowhere',
      content: null,
      says: "nowhere: can't be read (ENOENT: no such file or directory, open 'nowhere'); check the path and its permissions",
    },
    {
      name: 'a folder',
      file: '.',
      content: null,
      says: '(EISDIR: illegal operation on a directory, read); check the path and its permissions',
    },
  ];
  test.concurrent.each(UNREADABLE)('$name is refused in one line', async ({ file, content, says }) => {
    if (content !== null) cli.write(file, content);
    const result = await cli.run(['ingest', file, ...AS_OF]);
    expect(onlyComplaint(result)).toContain(says);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
  });

  test.concurrent('of several files the good ones count', async () => {
    const good = cli.writeEvents('good.ndjson', [event('among bad files')]);
    const result = await cli.run(['ingest', 'missing', good, cli.write('hollow', ''), ...AS_OF]);
    expect(complaints(result)).toEqual([
      "apportion: missing: can't be read (ENOENT: no such file or directory, open 'missing'); check the path and its permissions",
      'apportion: hollow: holds no line; give a file with one event a line',
    ]);
    expect(result.stdout).toMatch(/^received +1\naccepted +1\n/);
    expect(result.exitCode).toBe(1);
  });
});

describe('reference data that is wrong is refused as a whole, in one line', () => {
  const other = planEntry({ id: 'other' });
  const tiers = (...rows: object[]) => plansText(planEntry({ tiers: rows }));

  const REFUSED: readonly { what: string; command: string; content: string | Buffer | null; says: string }[] = [
    {
      what: 'overlapping tiers',
      command: 'plans',
      content: tiers({ up_to: '100', share: '0.5' }, { up_to: '50', share: '0.4' }, { share: '0.3' }),
      says: 'plans[0].tiers[1].up_to is "50.00"; each up_to must be above 0 and above that of the tier before',
    },
    {
      what: 'overlapping dates',
      command: 'plans',
      content: plansText(planEntry(), other),
      says: 'plans[1] is "other", which would be in force together with "half" from 2018-03-28 on (CNY, default scope); end one of them before the other starts, or leave one out',
    },
    {
      what: 'a share outside the band',
      command: 'plans',
      content: tiers({ share: '0.70' }),
      says: 'plans[0].tiers[0].share is "0.70", outside the band of 0.30 to 0.50; correct it, or give the plan the reason as "outside_band"',
    },
    {
      what: 'a day that does not exist',
      command: 'plans',
      content: plansText(planEntry({ effective_from: '2018-02-30' })),
      says: 'plans[0].effective_from is "2018-02-30"; write a date that exists as YYYY-MM-DD, such as "2018-04-15"',
    },
    {
      what: 'an app of a developer that is lacking',
      command: 'catalog',
      content: JSON.stringify({ apps: [{ id: 'a', developer_id: 'dev_9', name: 'A', category: 'tools' }] }),
      says: 'apps[0].developer_id is "dev_9", no developer of this file or of the catalog; add that developer, or correct the id',
    },
    {
      what: 'an ad unit of an app that is lacking',
      command: 'catalog',
      content: JSON.stringify({ ad_units: [{ id: 'u', app_id: 'app_9', format: 'banner' }] }),
      says: 'ad_units[0].app_id is "app_9", no app of this file or of the catalog; add that app, or correct the id',
    },
    {
      what: 'JSON that ends too early',
      command: 'plans',
      content: '{"plans": [',
      says: 'not JSON, it ends too early; correct or write the file again',
    },
    {
      what: 'JSON with a fault',
      command: 'catalog',
      content: '{"developers": [],\n "apps": [}',
      says: 'not JSON, line 2 at ',
    },
    { what: 'an empty file', command: 'plans', content: '', says: 'the file is empty; write {"plans": [ … ]}' },
    {
      what: 'a binary file',
      command: 'catalog',
      content: RANDOM,
      says: 'the file is not UTF-8 text; hand in the text itself, neither packed nor in another encoding',
    },
    {
      what: 'a file that is not there',
      command: 'catalog',
      content: null,
      says: "the file can't be read (ENOENT); check its path and permissions",
    },
  ];
  test.concurrent.each(REFUSED)('$command: $what', async ({ what, command, content, says }) => {
    const file = `${command}, ${what}.json`;
    if (content !== null) cli.write(file, content);
    const result = await cli.run([command, 'import', file]);
    expect(onlyComplaint(result)).toContain(`apportion: ${file}: ${says}`);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
  });

  test('--json tells the first 20 problems, and nothing of the file was taken', async () => {
    const apps = [
      { id: 'new_app', developer_id: 'dev_7', name: 'New', category: 'tools' },
      ...Array.from({ length: 25 }, (_, index) => ({
        id: `a${index}`,
        developer_id: 'dev_9',
        name: 'A',
        category: 'tools',
      })),
    ];
    const file = cli.write('many-problems.json', JSON.stringify({ apps }));
    const { data, exitCode } = await cli.json<Refused>(['catalog', 'import', file]);
    expect(data.error).toMatchObject({ code: 'bad_catalog', details: { count: 25 } });
    expect(data.error.details.problems).toHaveLength(20);
    expect(exitCode).toBe(1);
    const good = cli.write('new-app.json', JSON.stringify({ apps: apps.slice(0, 1) }));
    expect(await cli.json(['catalog', 'import', good])).toMatchObject({ data: { added: { apps: 1 } }, exitCode: 0 });
  });
});

test('a log of another format gives no catalog', async () => {
  const result = await cli.run(['catalog', 'derive', '--format', 'ipinyou', cli.write('random', RANDOM)]);
  const told = complaints(result);
  expect(told).toHaveLength(22);
  expect(told.at(-2)).toMatch(/^apportion: \d+ more lines were left out$/);
  expect(told.at(-1)).toMatch(/^apportion: random: no line holds an event of this format.*; check --format$/);
  expect(result).toMatchObject({ exitCode: 1, stdout: '' });
});
