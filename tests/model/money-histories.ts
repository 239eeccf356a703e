import fc from 'fast-check';
import { often } from './chance.ts';
import { APPS, OWNERS } from './money-world.ts';

/** What can happen. Days are told from today; whatever there are several of is named by its place, taken round. */
export type MoneyStep =
  | {
      readonly kind: 'earn';
      readonly app: string;
      readonly currency: string;
      readonly daysAgo: number;
      readonly price: string;
      readonly until: 'accepted' | 'processed' | 'settled';
    }
  | {
      readonly kind:
        | 'process'
        | 'settle-due'
        | 'approve-closing'
        | 'close-due'
        | 'draw-up'
        | 'issue'
        | 'wait-until-over';
    }
  | { readonly kind: 'settle'; readonly daysAgo: number }
  | {
      readonly kind: 'invalidate' | 'reinstate' | 'release' | 'forfeit' | 'cancel' | 'approve-batch';
      readonly place: number;
    }
  | {
      readonly kind: 'adjust';
      readonly book: string;
      readonly currency: string;
      readonly cents: number;
      readonly daysAgo: number | null;
    }
  | { readonly kind: 'hold'; readonly book: string; readonly daysAgo: number | null }
  | { readonly kind: 'propose-closing'; readonly which: 'next' | 'the one after' | 'the last again' }
  | { readonly kind: 'send'; readonly place: number; readonly isNew: boolean }
  | {
      readonly kind: 'answer';
      readonly place: number;
      readonly status: 'paid' | 'returned';
      readonly bankReference: 'a' | 'b';
      readonly flaw: 'amount' | 'currency' | 'reference' | 'reason' | null;
    }
  | { readonly kind: 'invoice'; readonly place: number; readonly flaw: 'amount' | 'number' | null }
  | { readonly kind: 'remit'; readonly currency: string; readonly through: 'last closed' | 'now' }
  | {
      readonly kind: 'payee';
      readonly book: string;
      readonly change: 'hold' | 'destination' | 'none' | 'minimum' | 'in dollars' | 'in yen' | 'as before';
    }
  | { readonly kind: 'rate'; readonly pair: string; readonly rate: string }
  | { readonly kind: 'wait'; readonly days: number };

const app = fc.constantFrom('app_1', 'app_1', 'app_3', 'app_3', 'app_4', ...Object.keys(APPS));
const book = fc.constantFrom('dev_1', 'dev_2', 'dev_3', ...OWNERS.map(owner => owner.id));
const currency = fc.constantFrom('CNY', 'CNY', 'CNY', 'CNY', 'USD');
const place = fc.nat(7);
const price = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 100, max: 90_000 })),
    fc.constantFrom('', '.5', '.25', '.123457', '.000001'),
  )
  .map(([whole, fraction]) => `${whole}${fraction}`);
const only = <Kind extends MoneyStep['kind']>(kind: Kind) => fc.constant(kind);

const earn: fc.Arbitrary<MoneyStep> = fc.record({
  ...{ kind: only('earn'), app, currency, price },
  daysAgo: fc.oneof(fc.nat(3), fc.nat(20)),
  until: fc.constantFrom('accepted' as const, 'processed' as const, 'settled' as const, 'settled' as const),
});

const answer: fc.Arbitrary<MoneyStep> = fc.record({
  ...{ kind: only('answer'), place },
  status: fc.constantFrom('paid' as const, 'paid' as const, 'returned' as const),
  bankReference: fc.constantFrom('a' as const, 'a' as const, 'b' as const),
  flaw: fc.constantFrom(
    null,
    null,
    null,
    null,
    null,
    'amount' as const,
    'currency' as const,
    'reference' as const,
    'reason' as const,
  ),
});

const invoice: fc.Arbitrary<MoneyStep> = fc.record({
  ...{
    kind: only('invoice'),
    place,
    flaw: often(fc.constant(null), fc.constantFrom('amount' as const, 'number' as const)),
  },
});

const send: fc.Arbitrary<MoneyStep> = fc.record({
  kind: only('send'),
  place,
  isNew: fc.constantFrom(true, true, false),
});

const payee: fc.Arbitrary<MoneyStep> = fc.record({
  ...{ kind: only('payee'), book },
  change: fc.constantFrom(
    ...(['hold', 'destination', 'none', 'minimum', 'in dollars', 'in yen', 'as before', 'as before'] as const),
  ),
});

const before: fc.Arbitrary<MoneyStep> = fc.oneof(
  { weight: 10, arbitrary: earn },
  { weight: 3, arbitrary: fc.record({ kind: only('invalidate'), place: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: only('reinstate'), place: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ kind: only('settle-due') }) },
  { weight: 1, arbitrary: fc.record({ kind: only('process') }) },
  { weight: 1, arbitrary: fc.record({ kind: only('close-due') }) },
  { weight: 1, arbitrary: payee },
  { weight: 1, arbitrary: fc.record({ kind: only('settle'), daysAgo: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: only('adjust'), book, currency: fc.constantFrom('CNY', 'CNY', 'CNY', 'USD', 'JPY') },
      cents: fc.oneof(fc.integer({ min: -3_000_000, max: -1 }), fc.integer({ min: 1, max: 1_000_000 })),
      daysAgo: fc.oneof(fc.constant(null), fc.nat(20)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: only('hold'), book, daysAgo: fc.oneof(fc.constant(null), fc.nat(20)) }) },
  { weight: 1, arbitrary: fc.record({ kind: only('release'), place: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: only('forfeit'), place: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: only('wait'), days: fc.constantFrom(1, 2, 5) }) },
);

const after: fc.Arbitrary<MoneyStep> = fc.oneof(
  { weight: 4, arbitrary: before },
  { weight: 5, arbitrary: answer },
  { weight: 3, arbitrary: invoice },
  { weight: 3, arbitrary: send },
  { weight: 2, arbitrary: fc.record({ kind: only('cancel'), place }) },
  { weight: 2, arbitrary: fc.record({ kind: only('approve-batch'), place }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ kind: only('remit'), currency: fc.constantFrom('CNY', 'CNY', 'USD') },
      through: fc.constantFrom('last closed' as const, 'now' as const),
    }),
  },
  { weight: 3, arbitrary: payee },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: only('rate'),
      pair: fc.constantFrom('CNY USD', 'CNY JPY', 'USD JPY'),
      rate: fc.constantFrom('0.1591', '17.333333333333', '107', '0.000001'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: only('issue') }) },
  { weight: 1, arbitrary: fc.record({ kind: only('draw-up') }) },
);

const RATES: readonly MoneyStep[] = [
  { kind: 'rate', pair: 'CNY JPY', rate: '17.0123456789' },
  { kind: 'rate', pair: 'CNY USD', rate: '0.159143' },
];
const closing: fc.Arbitrary<MoneyStep> = fc.record({
  kind: only('propose-closing'),
  which: often(fc.constant('next' as const), fc.constantFrom('the one after' as const, 'the last again' as const)),
});
const some = (steps: fc.Arbitrary<MoneyStep>, least: number, most: number) =>
  fc.array(steps, { minLength: least, maxLength: most, size: 'max' });

/** A half-month from its days to its payouts, with anything else in between. */
const halfMonth: fc.Arbitrary<MoneyStep[]> = fc
  .tuple(
    ...[
      some(before, 3, 7),
      fc.boolean(),
      closing,
      some(before, 0, 2),
      fc.boolean(),
      some(after, 0, 2),
      often(fc.constant(true), fc.constant(false)),
    ],
    ...[
      some(after, 0, 3),
      some(invoice, 0, 4),
      some(before, 0, 1),
      some(send, 1, 2),
      some(fc.oneof(answer, after), 2, 7),
    ],
  )
  .map(([days, isSettled, proposed, cut, isUrged, drawn, hasRates, between, invoices, meanwhile, sent, answers]) => [
    ...days,
    { kind: 'wait-until-over' },
    ...(isSettled ? [{ kind: 'settle-due' } as const] : []),
    proposed,
    ...cut,
    { kind: 'approve-closing' },
    ...(isUrged ? URGED : []),
    ...(hasRates ? RATES : []),
    ...drawn,
    { kind: 'draw-up' },
    ...between,
    { kind: 'approve-batch', place: 0 },
    { kind: 'approve-batch', place: 0 },
    ...invoices,
    ...meanwhile,
    { kind: 'wait', days: 3 },
    ...sent,
    ...answers,
  ]);

/** What was refused because of what was still to be done is done. */
const URGED: readonly MoneyStep[] = [
  { kind: 'settle-due' },
  { kind: 'propose-closing', which: 'next' },
  { kind: 'approve-closing' },
];

/** One to three half-months, with what becomes of them. */
export const moneyHistory: fc.Arbitrary<MoneyStep[]> = fc
  .tuple(
    some(earn, 3, 6),
    fc.array(halfMonth, { minLength: 1, maxLength: 3, size: 'max' }),
    some(fc.oneof(after, answer), 0, 6),
  )
  .map(([first, halves, last]) => [...first, ...halves.flat(), ...last]);

/** What several persons and the schedule do at once. */
export const together: fc.Arbitrary<MoneyStep[]> = some(
  fc.oneof(
    { weight: 3, arbitrary: after },
    { weight: 1, arbitrary: closing },
    ...[
      ...URGED,
      ...RATES,
      { kind: 'close-due' },
      { kind: 'approve-batch', place: 0 },
      { kind: 'issue' },
      { kind: 'draw-up' },
    ].map(step => ({ weight: 1, arbitrary: fc.constant(step as MoneyStep) })),
  ),
  6,
  14,
);

const earned = (app: string, price: string): MoneyStep => ({
  kind: 'earn',
  app,
  currency: 'CNY',
  daysAgo: 1,
  price,
  until: 'settled',
});
const answered = (status: 'paid' | 'returned', bankReference: 'a' | 'b'): MoneyStep => ({
  ...{ kind: 'answer', place: 0, status, bankReference, flaw: null },
});

/**
 * What must never go wrong again, once through: a threshold reached only with held money, what comes between proposal and closing,
 * a clawback between approval and sending, a return that comes twice and is paid out again.
 */
export const ONCE_THROUGH: readonly MoneyStep[] = [
  ...[earned('app_4', '50000'), earned('app_3', '90000'), earned('app_2', '40000.123457'), earned('app_1', '2000')],
  { kind: 'hold', book: 'dev_1', daysAgo: 20 },
  { kind: 'wait-until-over' },
  { kind: 'settle-due' },
  { kind: 'propose-closing', which: 'next' },
  { ...earned('app_3', '100'), kind: 'earn', daysAgo: 5, until: 'processed' } as MoneyStep,
  { kind: 'approve-closing' },
  ...RATES,
  { kind: 'draw-up' },
  { kind: 'approve-batch', place: 0 },
  { kind: 'invalidate', place: 1 },
  { kind: 'settle-due' },
  { kind: 'invoice', place: 0, flaw: null },
  { kind: 'wait', days: 3 },
  { kind: 'send', place: 0, isNew: true },
  { kind: 'send', place: 0, isNew: false },
  ...[
    answered('returned', 'a'),
    { ...answered('returned', 'a'), place: 2 } as MoneyStep,
    answered('paid', 'a'),
    answered('returned', 'b'),
  ],
  { kind: 'remit', currency: 'CNY', through: 'now' },
  { kind: 'issue' },
  { kind: 'release', place: 0 },
  ...[earned('app_3', '80000'), earned('app_4', '70000')],
  { kind: 'wait-until-over' },
  ...URGED,
  ...RATES,
  { kind: 'draw-up' },
  ...[0, 0, 0].map((place): MoneyStep => ({ kind: 'approve-batch', place })),
  ...[0, 0, 0].map((place): MoneyStep => ({ kind: 'invoice', place, flaw: null })),
  { kind: 'cancel', place: 0 },
  { kind: 'wait', days: 3 },
  ...[0, 0, 0].map((place): MoneyStep => ({ kind: 'send', place, isNew: true })),
  ...[answered('paid', 'a'), answered('paid', 'b'), answered('returned', 'a')],
  { kind: 'issue' },
];

const asks = (book: string, change: Extract<MoneyStep, { kind: 'payee' }>['change']): MoneyStep => ({
  ...{ kind: 'payee', book, change },
});

/** What payees ask for, before their payouts are drawn up, between that and the approval, and before they are sent. */
export const PAYEES_WISHES: readonly MoneyStep[] = [
  ...['app_2', 'app_3', 'app_5'].map(app => earned(app, '20000')),
  ...[earned('app_4', '3000'), earned('app_1', '80000')],
  { kind: 'wait-until-over' },
  ...URGED,
  ...[asks('dev_1', 'hold'), asks('dev_2', 'none'), asks('dev_3', 'minimum'), asks('agency_1', 'in dollars')],
  { kind: 'draw-up' },
  ...RATES,
  ...[asks('dev_1', 'as before'), asks('dev_3', 'as before')],
  { kind: 'draw-up' },
  asks('dev_3', 'destination'),
  asks('dev_2', 'in yen'),
  { kind: 'draw-up' },
  ...[0, 0, 0].map((place): MoneyStep => ({ kind: 'approve-batch', place })),
  ...[0, 0, 0].map((place): MoneyStep => ({ kind: 'invoice', place, flaw: null })),
  asks('dev_1', 'hold'),
  { kind: 'wait', days: 3 },
  ...[0, 0, 0].map((place): MoneyStep => ({ kind: 'send', place, isNew: true })),
  asks('dev_1', 'as before'),
  ...[0, 0].map((place): MoneyStep => ({ kind: 'send', place, isNew: true })),
];

/** Two closed half-months and an open one: a book that moves in the first alone, one in the second alone, one once in each. */
export const ONLY_TRANSFERS: readonly MoneyStep[] = [
  ...(['dev_1', 'dev_2'] as const).map(adjustmentOf),
  { kind: 'wait-until-over' },
  { kind: 'propose-closing', which: 'next' },
  { kind: 'approve-closing' },
  ...(['dev_2', 'dev_3'] as const).map(adjustmentOf),
  { kind: 'wait-until-over' },
  { kind: 'propose-closing', which: 'next' },
  { kind: 'approve-closing' },
  ...(['dev_2', 'agency_1'] as const).map(adjustmentOf),
];

function adjustmentOf(book: string): MoneyStep {
  return { kind: 'adjust', book, currency: 'CNY', cents: 12_345, daysAgo: null };
}
