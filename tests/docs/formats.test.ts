import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkAdEvent, FORM_REASONS, isBadForm, MAX_LINE_BYTES, parseAdEvent } from '../../src/domain/ad-event.ts';
import { WINDOW_DAYS } from '../../src/events/judge-line.ts';
import { REJECTION_REASONS } from '../../src/events/rejection-reasons.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const page = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');
const [events = ''] = examples('ndjson');
const [catalog = ''] = examples('json');
const [plans = ''] = examples('json', readFileSync(new URL('../../docs/plans.md', import.meta.url), 'utf8'));
const EXAMPLE_LINES = events.trimEnd().split('\n');

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ now: '2018-04-16T02:00:00+08:00' });
});
afterAll(async () => await system.drop());

function examples(language: string, text = page): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, example = '']) => example);
}

/** The rows of the page's table under this heading, each as its cells. */
function table(heading: string): string[][] {
  const [, body = ''] = page.split(`${heading}\n| --- `);
  const rows = body.split('\n\n')[0]?.split('\n').slice(1) ?? [];
  return rows.map(row =>
    row
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );
}

function code(cell: string | undefined): string {
  return cell?.replaceAll('`', '') ?? '';
}

const FIELDS = table('| field | | form | else |').map(([field, need, , reason]) => ({
  field: code(field),
  isRequired: need === 'required',
  reason: code(reason),
}));

test('the examples can be imported, ingested and settled as they stand', async () => {
  await system.import('catalog', catalog);
  await system.import('plans', plans);
  expect(await system.take(EXAMPLE_LINES)).toMatchObject({ received: 3, accepted: 3, rejected: {} });
  await system.settle('2018-04-15');
  // Two impressions at a CPM of 2.50 and a click at a CPC of 0.30, half of it the developer's.
  const payable = (await system.balances()).find(({ account }) => account === 'payable');
  expect(payable).toMatchObject({ developerId: 'dev_7', currency: 'CNY', nanos: 152_500_000n });
});

test('importing the examples again changes nothing', async () => {
  await system.import('catalog', catalog);
  await system.import('plans', plans);
  expect(new Set(system.imports.map(({ referenceVersion }) => referenceVersion)).size).toBe(2);
});

test('the fields of the table are those of an event, in the order in which they are judged', () => {
  expect(FIELDS.map(({ reason }) => reason)).toEqual(FORM_REASONS.slice(3));
  const known = EXAMPLE_LINES.flatMap(line => Object.keys(JSON.parse(line)));
  expect(FIELDS.map(({ field }) => field).toSorted()).toEqual([...new Set(known)].toSorted());
});

test.each(FIELDS)('$field is refused as the table says', ({ field, isRequired, reason }) => {
  const good = JSON.parse(EXAMPLE_LINES[2] ?? '');
  const wrong = checkAdEvent({ ...good, [field]: 7 });
  expect(isBadForm(wrong) && wrong.reason).toBe(reason);
  const absent = checkAdEvent({ ...good, [field]: undefined });
  expect(isBadForm(absent)).toBe(isRequired);
});

test('the reasons of the page are those of the code, in their order', () => {
  const formReasons: readonly string[] = FORM_REASONS;
  const listed = table('| reason | the line |').flatMap(([cell]) => {
    const [first = '', last] = code(cell).split(' … ');
    return last === undefined ? [first] : formReasons.slice(formReasons.indexOf(first), formReasons.indexOf(last) + 1);
  });
  expect(listed).toEqual(REJECTION_REASONS);
});

test('the first reason that applies is the one that is told', () => {
  const faulty: Record<string, unknown> = Object.fromEntries(FIELDS.map(({ field }) => [field, 7]));
  const good = JSON.parse(EXAMPLE_LINES[2] ?? '');
  for (const { field, reason } of FIELDS) {
    expect(parseAdEvent(JSON.stringify(faulty))).toMatchObject({ reason });
    faulty[field] = good[field] ?? null;
  }
  expect(parseAdEvent(JSON.stringify(faulty))).not.toHaveProperty('reason');
});

test('the limits are those of the code', () => {
  expect(page).toContain(`more than ${MAX_LINE_BYTES.toLocaleString('en-US')} bytes`);
  expect(page).toContain(`more than ${WINDOW_DAYS} days before that of the clock`);
});
