import type { Money } from '../domain/money.ts';
import type { StatementAdjustment } from './adjustments.ts';
import type { StatementCorrection } from './corrections.ts';
import type { StatementHeld } from './held-money.ts';
import type { StatementIncentive } from './incentives.ts';
import type { LateDifference } from './late-differences.ts';
import type { Messages } from './messages.ts';
import type { StatementPayout, StatementWithholding } from './payouts.ts';
import type { CurrencyStatement } from './statement-form.ts';
import { amount, decimal, displayWidth, isZero, left, minuteOf, padStart, textTable } from './text-table.ts';

const NAMED_APPS = 3;

/** The sections between the days and the balances, each only where it has something to tell. */
export function sectionLines(say: Messages, item: CurrencyStatement<unknown, unknown>): string[] {
  return [
    ...correctionLines(say, item.corrections),
    ...lateLines(say, item.late_differences),
    ...incentiveLines(say, item.incentives),
    ...adjustmentLines(say, item.adjustments),
    ...heldLines(say, item.held),
    ...payoutLines(say, item),
    ...withholdingLines(say, item.withholding),
  ];
}

/** Later bookings that changed the lines of a statement. */
function correctionLines(say: Messages, corrections: readonly StatementCorrection[]): string[] {
  if (corrections.length === 0) return [];
  const lines = corrections.map(
    ({ booked_at, business_date, app_id, reason, provider_id, change, version, transfer }) => [
      `  ${business_date}  ${app_id}: ${say.part(reason, reason === 'provider_income' ? null : (provider_id ?? null))} ${signed(amount(change))}`,
      `              ${say.booked({ at: minuteOf(booked_at), version, transfer })}`,
    ],
  );
  return ['', say.corrections, ...lines.flat()];
}

function lateLines(say: Messages, late: readonly LateDifference[]): string[] {
  if (late.length === 0) return [];
  const changes = late.map(each => signed(amount(each.change)));
  const lines = late.map(({ date, app_id, name, gross, booked_at }, place) => {
    const at = minuteOf(booked_at);
    const told = gross === null ? say.lateBooked(at) : say.lateOf({ gross: signed(amount(gross)), at });
    return [
      `  ${date}  ${padStart(changes[place] ?? '', widest(changes))}  ${name} (${app_id})`,
      `              ${told}`,
    ];
  });
  return ['', say.lateDifferences, ...lines.flat()];
}

function incentiveLines(say: Messages, incentives: readonly StatementIncentive[]): string[] {
  if (incentives.length === 0) return [];
  const rows = incentives.map(({ fund_id, date, amount: sum, apps }) => [
    `  ${date}  ${fund_id}`,
    apps.length > NAMED_APPS ? say.apps(apps.length) : apps.map(app => app.app_id).join(', '),
    amount(sum),
  ]);
  return ['', say.incentives, ...textTable([left(''), left(''), decimal('')], rows)];
}

function adjustmentLines(say: Messages, adjustments: readonly StatementAdjustment[]): string[] {
  if (adjustments.length === 0) return [];
  const changes = adjustments.map(({ change }) => signed(amount(change)));
  const lines = adjustments.map(({ booked_at, business_date, app_id, reason, why, decision_id }, place) => [
    `  ${booked_at.slice(0, 10)}  ${padStart(changes[place] ?? '', widest(changes))}  ${reason === 'write_off' ? say.writtenOff : ''}${why}`,
    `              ${say.refersTo({ app: app_id, day: business_date })}${say.decision(decision_id)}`,
  ]);
  return ['', say.adjustments, ...lines.flat()];
}

function heldLines(say: Messages, held: StatementHeld | null): string[] {
  if (held === null) return [];
  return [
    '',
    say.held,
    ...amountLines([
      [say.heldAtBeginning, held.opening],
      [say.heldInPeriod, held.held],
      ...something([
        [say.released, held.released],
        [say.clawedBack, held.clawed_back],
        [say.forfeited, held.forfeited],
      ]),
      [say.heldAtEnd, held.closing],
    ]),
  ];
}

function payoutLines(say: Messages, { payouts, currency }: CurrencyStatement<unknown, unknown>): string[] {
  if (payouts.length === 0) return [];
  const { columns } = say;
  const titles = [columns.paidOut, columns.tax, columns.net, columns.change].map(decimal);
  const rows = payouts.map(payout => [
    `  ${payout.booked_at.slice(0, 10)}  ${payout.reference}  ${say.payoutStatus[payout.status]}`,
    ...figuresOf(payout, currency).map(amount),
    amount(payout.change),
  ]);
  const exchanged = payouts.flatMap(({ reference, net, exchange }) =>
    exchange === null
      ? []
      : [
          `  ${reference}: ${say.exchanged({ ...exchange, net: withCurrency(net), paid: withCurrency(exchange.paid) })}`,
        ],
  );
  return ['', ...textTable([left(say.payouts), ...titles], rows), ...exchanged];
}

/** Amount, tax and net: in the currency that it is paid in, only what is paid. */
function figuresOf({ amount: sum, tax, net, exchange }: StatementPayout, currency: string): (Money | null)[] {
  return sum.currency === currency ? [sum, tax, net] : [null, null, exchange?.paid ?? null];
}

function withCurrency(money: Money): string {
  return `${amount(money)} ${money.currency}`;
}

function withholdingLines(say: Messages, tax: StatementWithholding | null): string[] {
  if (tax === null) return [];
  return [
    '',
    say.withholding,
    ...amountLines([
      [say.withheldAtBeginning, tax.opening],
      [say.withheldInPeriod, tax.withheld],
      ...something([
        [say.remitted, tax.remitted],
        [say.givenBack, tax.given_back],
      ]),
      [say.withheldAtEnd, tax.closing],
    ]),
  ];
}

type AmountLine = readonly [string, { readonly amount: string }];

function something(lines: readonly AmountLine[]): AmountLine[] {
  return lines.filter(([, money]) => !isZero(money.amount));
}

function amountLines(lines: readonly AmountLine[]): string[] {
  return textTable(
    [left(''), decimal('')],
    lines.map(([label, money]) => [`  ${label}`, amount(money)]),
  );
}

function signed(shown: string): string {
  return shown.startsWith('-') ? shown : `+${shown}`;
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0);
}
