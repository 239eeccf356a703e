import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventLine, smallCatalog } from '../support/events.ts';
import { type RejectedRow, SettlementSystem } from '../support/settlement-system.ts';

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4 });
});
afterAll(async () => await system.drop());

beforeEach(async () => {
  await system.reset('2018-04-16T12:00:00+08:00');
  await system.importCatalog({
    ...smallCatalog(2),
    campaigns: [
      { id: 'c-cny', currency: 'CNY', rate_cards: [{ effective_from: '2018-04-01', effective_to: null, cpm: '2' }] },
      { id: 'c-usd', currency: 'USD', rate_cards: [{ effective_from: '2018-04-01', effective_to: null, cpm: '2' }] },
    ],
  });
});

const good = (id: string, fields: Record<string, unknown> = {}) => eventLine({ id, ...fields });

/** Of a file whose lines lie in several buckets. */
async function inFileOrder(): Promise<RejectedRow[]> {
  return (await system.rejectedLines()).sort((a, b) => a.lineNo - b.lineNo);
}

const told = (lines: readonly RejectedRow[]) => lines.map(({ lineNo, reason, detail }) => [lineNo, reason, detail]);

async function expectNothingDiffers(): Promise<void> {
  expect((await system.verify()).differences).toEqual([]);
}

const ID = 'send a string of 1 to 64 printable ASCII characters';
const OR_LEAVE_OUT = `${ID}, or leave the field out`;
const CURRENCY = 'send an upper-case ISO 4217 code with a minor unit, such as "CNY"';
const PRICE = 'send a decimal string from "0" to "1000000" with at most 6 decimals, without sign or exponent';
const NO_SUCH_TIME = 'no such date or time between 1970-01-01 and 9999-12-30 UTC';
const DEVICE = 'send a string of 1 to 128 printable ASCII characters, or leave the field out';
const AGENT = 'send at most 1024 characters of well-formed Unicode without U+0000, or leave the field out';

type Bad = [reason: string, field: string | null, fields: Record<string, unknown> | string, detail: string];

const BAD_LINES: Bad[] = [
  ['bad_json', null, '{"id": "e1"', String.raw`"{\"id\": \"e1\"" is not a JSON object; send one JSON object a line`],
  ['bad_json', null, '[1]', '"[1]" is not a JSON object; send one JSON object a line'],
  ['bad_json', null, 'null', '"null" is not a JSON object; send one JSON object a line'],
  [
    'bad_json',
    null,
    '\u0000\u001b[2J',
    String.raw`"\u0000\u001b[2J" is not a JSON object; send one JSON object a line`,
  ],
  ['bad_id', 'id', { id: undefined }, `id is missing; ${ID}`],
  ['bad_id', 'id', { id: '' }, `id ""; ${ID}`],
  ['bad_id', 'id', { id: 'x'.repeat(65) }, `id "${'x'.repeat(65)}"; ${ID}`],
  ['bad_id', 'id', { id: 'é\u0000' }, String.raw`id "é\u0000"; ${ID}`],
  ['bad_id', 'id', { id: 12 }, `id 12; ${ID}`],
  ['bad_type', 'type', { type: 'view' }, 'type "view"; send "impression" or "click"'],
  [
    'bad_time',
    'occurred_at',
    { occurred_at: '2018-02-29T10:00:00Z' },
    `occurred_at "2018-02-29T10:00:00Z"; ${NO_SUCH_TIME}`,
  ],
  [
    ...(['bad_time', 'occurred_at', { occurred_at: '2018-04-15T10:00:00' }] as const),
    'occurred_at "2018-04-15T10:00:00"; add the offset from UTC, such as +08:00 or Z',
  ],
  [
    ...(['bad_time', 'occurred_at', { occurred_at: 1_523_757_600 }] as const),
    'occurred_at 1523757600; write RFC 3339 with offset, such as 2018-04-15T10:00:00.000+08:00',
  ],
  ['bad_app_id', 'app_id', { app_id: null }, `app_id is missing; ${ID}`],
  ['bad_ad_unit_id', 'ad_unit_id', { ad_unit_id: ['u'] }, `ad_unit_id an array; ${ID}`],
  ['bad_currency', 'currency', { currency: 'RMB' }, `currency "RMB"; ${CURRENCY}`],
  ['bad_currency', 'currency', { currency: 'cny' }, `currency "cny"; ${CURRENCY}`],
  ['bad_currency', 'currency', { currency: 'XAU' }, `currency "XAU"; ${CURRENCY}`],
  ['bad_price', 'price', { price: '0.1234567' }, `price "0.1234567"; ${PRICE}`],
  ['bad_price', 'price', { price: '-0.01' }, `price "-0.01"; ${PRICE}`],
  ['bad_price', 'price', { price: '1000000.000001' }, `price "1000000.000001"; ${PRICE}`],
  ['bad_price', 'price', { price: '1e3' }, `price "1e3"; ${PRICE}`],
  ['bad_price', 'price', { price: 2.5 }, 'price 2.5; quote it: a price is a decimal string, such as "2.50"'],
  ['bad_campaign_id', 'campaign_id', { campaign_id: '' }, `campaign_id ""; ${OR_LEAVE_OUT}`],
  ['bad_impression_id', 'impression_id', { impression_id: 7 }, `impression_id 7; ${OR_LEAVE_OUT}`],
  ['bad_device_id', 'device_id', { device_id: '' }, `device_id ""; ${DEVICE}`],
  ['bad_user_agent', 'user_agent', { user_agent: 'a\u0000b' }, String.raw`user_agent "a\u0000b"; ${AGENT}`],
  ['bad_ip', 'ip', { ip: {} }, 'ip an object; send at most 64 printable ASCII characters, or leave the field out'],
  ['bad_type', 'type', { price: '-1', type: 'view', currency: 'RMB' }, 'type "view"; send "impression" or "click"'],
  [
    ...(['too_late', 'occurred_at', { occurred_at: '2018-03-11T23:59:59.999+08:00', app_id: 'nobodys' }] as const),
    'occurred_at 2018-03-11T15:59:59.999Z is more than 35 business days back; for an old log give --as-of',
  ],
  [
    ...(['in_future', 'occurred_at', { occurred_at: '2018-04-16T12:05:00.001+08:00', app_id: 'nobodys' }] as const),
    "occurred_at 2018-04-16T04:05:00.001Z lies in the future; correct the sender's clock",
  ],
  [
    ...(['unknown_app', 'app_id', { app_id: 'nobodys', ad_unit_id: 'nobodys' }] as const),
    'app_id "nobodys" is not in the catalog; import it, then try the line again',
  ],
  [
    ...(['unknown_ad_unit', 'ad_unit_id', { ad_unit_id: 'nobodys', price: null }] as const),
    'ad_unit_id "nobodys" is not in the catalog; import it, then try the line again',
  ],
  [
    ...(['unknown_ad_unit', 'ad_unit_id', { ad_unit_id: 'unit-2' }] as const),
    'ad_unit_id "unit-2" belongs to app "app-2", not to "app-1"; correct one of them',
  ],
  [
    ...(['currency_mismatch', 'currency', { price: undefined, campaign_id: 'c-usd' }] as const),
    'currency CNY differs from USD of the rate card of campaign "c-usd"; correct one of them',
  ],
  [
    ...(['no_price', 'price', { price: undefined }] as const),
    'price is absent and no campaign_id tells a rate card; send one of them',
  ],
  [
    ...(['no_price', 'price', { price: undefined, campaign_id: 'c-cny', type: 'click' }] as const),
    'campaign_id "c-cny" has no rate card for clicks on 2018-04-15; import one, then try the line again',
  ],
  [
    ...([
      'no_price',
      'price',
      { price: null, campaign_id: 'c-cny', occurred_at: '2018-03-31T23:59:59+08:00' },
    ] as const),
    'campaign_id "c-cny" has no rate card for impressions on 2018-03-31; import one, then try the line again',
  ],
];

describe('a bad line', () => {
  const textOf = (fields: Bad[2]) => (typeof fields === 'string' ? fields : eventLine({ id: 'bad', ...fields }));

  test.each(BAD_LINES.map(([reason, field, fields, detail]) => ({ reason, field, detail, text: textOf(fields) })))(
    'is kept as $reason: $detail',
    async ({ reason, field, detail, text }) => {
      expect(await system.take([good('before'), text, good('after')])).toMatchObject({
        ...{ received: 3, pending: 0, accepted: 2, duplicates: 0, conflicts: 0, rejected: { [reason]: 1 } },
      });
      const [kept, ...others] = await system.rejectedLines();
      expect(others).toEqual([]);
      expect(kept).toMatchObject({ lineNo: 2, reason, field });
      expect(kept?.detail).toBe(detail);
      const stored = kept?.line.toString('utf8') ?? '';
      // What the catalog could judge only when it was processed is kept as the event that it was.
      if (['no_price', 'currency_mismatch'].includes(reason)) expect(JSON.parse(stored)).toMatchObject({ id: 'bad' });
      else expect(stored).toBe(text);
      await expectNothingDiffers();
    },
  );

  test('and all others of its file leave what is good in it to count', async () => {
    const lines = BAD_LINES.flatMap(([, , fields], index) => [good(`g${index}`), textOf(fields)]);
    const { received, accepted: counted, rejected } = await system.take(lines);
    expect([received, counted]).toEqual([2 * BAD_LINES.length, BAD_LINES.length]);
    expect(Object.values(rejected).reduce((sum, each) => sum + each, 0)).toBe(BAD_LINES.length);
    expect((await inFileOrder()).map(({ lineNo, reason }) => [lineNo, reason])).toEqual(
      BAD_LINES.map(([reason], index) => [2 * index + 2, reason]),
    );
    await expectNothingDiffers();
  });

  test('at the edge of the window is still good', async () => {
    const times = ['2018-03-12T00:00:00+08:00', '2018-04-16T12:05:00.000999+08:00', '2018-04-16T04:05:00z'];
    expect(await system.take(times.map((occurred_at, index) => good(`e${index}`, { occurred_at })))).toMatchObject({
      ...{ accepted: 3, rejected: {} },
    });
  });

  test('is judged by the clock that was given for the file, an old log by its own', async () => {
    const old = good('old', { occurred_at: '2013-10-21T10:00:00+08:00' });
    expect(await system.take([old])).toMatchObject({ accepted: 0, rejected: { too_late: 1 } });
    expect(await system.take([old], { asOf: new Date('2013-10-22T00:00:00+08:00') })).toMatchObject({ accepted: 1 });
  });
});

describe('a long line', () => {
  const KEPT = 1024;
  const tooLong = (bytes: number) =>
    `the line is longer than 65536 bytes; send one event a line, each within that limit (it has ${bytes} bytes)`;
  /** An event of exactly so many bytes. */
  const ofBytes = (bytes: number, filler = 'x') => {
    const frame = good('long', { note: '' });
    const room = bytes - Buffer.byteLength(frame);
    return frame.replace('"note":""', `"note":"${filler.repeat(Math.floor(room / Buffer.byteLength(filler)))}"`);
  };

  test.each([
    ['between others', (long: string) => `${good('a')}\n${long}\n${good('b')}\n`, 2],
    ['first', (long: string) => `${long}\n${good('a')}\n${good('b')}\n`, 1],
    ['last, without an end', (long: string) => `${good('a')}\n${good('b')}\n${long}`, 3],
  ])('of 10 MB is cut, told and passed over: %s', async (_where, arrange, lineNo) => {
    const long = 'y'.repeat(10 * 1024 * 1024);
    const file = Buffer.from(arrange(long));
    expect(await system.take(file)).toMatchObject({ received: 3, accepted: 2, rejected: { too_long: 1 } });
    const [kept] = await system.rejectedLines();
    expect(kept).toMatchObject({ lineNo, reason: 'too_long', field: null, detail: tooLong(long.length) });
    expect(kept?.line.toString()).toBe('y'.repeat(KEPT));
    await expectNothingDiffers();
  });

  test('after another, each with its own number', async () => {
    const long = ['a', 'b', 'c'].map(letter => letter.repeat(700_000));
    const lines = [long[0] as string, good('x'), long[1] as string, long[2] as string, '', good('y')];
    expect(await system.take(lines)).toMatchObject({ received: 5, accepted: 2, rejected: { too_long: 3 } });
    expect((await system.rejectedLines()).map(({ lineNo, line }) => [lineNo, line.toString().slice(0, 1)])).toEqual([
      [1, 'a'],
      [3, 'b'],
      [4, 'c'],
    ]);
  });

  test.each(['x', 'é', '語'])('may have 65,536 bytes, counted as UTF-8 of %s, and not one more', async filler => {
    const most = ofBytes(65_536, filler);
    const fitting = most + ' '.repeat(65_536 - Buffer.byteLength(most));
    expect(Buffer.byteLength(fitting)).toBe(65_536);
    expect(await system.take([fitting, `${fitting} `, good('after')])).toMatchObject({
      ...{ accepted: 2, duplicates: 0, rejected: { too_long: 1 } },
    });
    expect(told(await system.rejectedLines())).toEqual([[2, 'too_long', tooLong(65_537)]]);
  });
});
