import type { ExplainedRun, Explanation } from './explain.ts';
import type {
  CurrencyExplanation,
  ExplainedBatch,
  ExplainedPart,
  ExplainedPlan,
  ExplainedTier,
} from './explain-amounts.ts';
import { type Column, grouped, textTable } from './text-table.ts';

const UNIT_COLUMNS: readonly Column[] = [
  { title: 'Earned', align: 'left' },
  { title: 'Impressions', align: 'right' },
  { title: 'Clicks', align: 'right' },
  { title: 'Gross', align: 'decimal' },
];

const TIER_COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: '', align: 'decimal' },
  { title: '', align: 'right' },
  { title: '', align: 'decimal' },
];

const AMOUNT_COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: '', align: 'decimal' },
];

const PARTS: Record<string, string> = { developer_share: "developer's share", platform_share: "platform's part" };

/** The explanation as a developer or finance reads it on a terminal. */
export function renderExplanation(explanation: Explanation): string {
  const { app, developer, business_date, category, status, items, runs } = explanation;
  const lines = [
    `${app.name} (${app.id}) of ${developer.name} (${developer.id}) on ${business_date}`,
    `Category ${category ?? 'unknown'}; ${status === 'settled' ? 'settled' : 'PENDING: the day will be settled again'}`,
    ...(items.length === 0 ? ['', 'Nothing was earned or posted on that day.'] : items.flatMap(currencyLines)),
    ...runLines(runs),
    ...noteLines(explanation),
  ];
  return `${lines.join('\n')}\n`;
}

function currencyLines(item: CurrencyExplanation): string[] {
  return [
    '',
    `── ${item.currency} ──`,
    ...earnedLines(item),
    ...worthLines(item),
    ...postedLines(item),
    ...batchLines(item),
  ];
}

function earnedLines({ ad_units, gross }: CurrencyExplanation): string[] {
  const impressions = ad_units.reduce((sum, unit) => sum + unit.impressions, 0);
  const clicks = ad_units.reduce((sum, unit) => sum + unit.clicks, 0);
  const rows = ad_units.map(unit => [
    `  ${unit.ad_unit_id}`,
    grouped(unit.impressions),
    grouped(unit.clicks),
    grouped(unit.gross.amount),
  ]);
  return [
    '',
    ...textTable(UNIT_COLUMNS, [...rows, ['  Gross', grouped(impressions), grouped(clicks), grouped(gross.amount)]]),
  ];
}

function worthLines({ worth, gross }: CurrencyExplanation): string[] {
  if (worth === null) return ['', 'Shared out: not yet, no plan covers the app on that day'];
  const { plan, tiers, unrounded_developer_share: unrounded, developer_share: share, platform_share } = worth;
  const isRounded = unrounded.amount !== share.amount;
  return [
    '',
    `Shared out by plan ${plan.id} of version ${plan.reference_version},`,
    `${scopeOf(plan)}, ${datesOf(plan)}, ${modeOf(plan)}`,
    ...textTable(TIER_COLUMNS, tiers.map(tierRow)),
    `  Developer's share ${isRounded ? `${grouped(unrounded.amount)}, rounded half-even ` : ''}= ${grouped(share.amount)}`,
    `  Platform's part ${grouped(gross.amount)} − ${grouped(share.amount)} = ${grouped(platform_share.amount)}`,
  ];
}

function scopeOf({ scope, scope_id }: ExplainedPlan): string {
  return scope_id === null ? 'for everybody' : `for ${scope} ${scope_id}`;
}

function datesOf({ effective_from, effective_to }: ExplainedPlan): string {
  return effective_to === null ? `from ${effective_from}` : `${effective_from} to ${effective_to}`;
}

function modeOf({ mode }: ExplainedPlan): string {
  return mode === 'whole' ? 'one tier for the whole gross' : 'each tier for its part of the gross';
}

function tierRow({ up_to, share, part, amount }: ExplainedTier): string[] {
  const reach = up_to === null ? '  the rest' : `  up to ${grouped(up_to.amount)}`;
  return [reach, grouped(part.amount), `× ${percentOf(share)}`, `= ${grouped(amount.amount)}`];
}

/** "0.333333" as "33.3333 %", by moving the point. */
function percentOf(share: string): string {
  const [whole = '', fraction = ''] = share.split('.');
  const digits = `${whole}${fraction.padEnd(2, '0')}`;
  const point = whole.length + 2;
  const decimals = digits.slice(point).replace(/0+$/, '');
  return `${Number(digits.slice(0, point))}${decimals === '' ? '' : `.${decimals}`} %`;
}

function postedLines({ transfers, posted, pending }: CurrencyExplanation): string[] {
  if (transfers.length === 0) return ['', 'Posted: nothing yet', ...pendingLines(pending)];
  const details = transfers.flatMap(transfer => [
    `  version ${transfer.version} ${transfer.reason}: ${transfer.debit} → ${transfer.credit} ${grouped(transfer.amount.amount)}`,
    `    booked ${transfer.booked_at}, run ${transfer.run_id}`,
    `    transfer ${transfer.id}${transfer.corrects === null ? '' : `, corrects ${transfer.corrects}`}`,
  ]);
  const sums = textTable(
    AMOUNT_COLUMNS,
    posted.map(part => [`  Sum of the ${nameOf(part)}`, grouped(part.amount.amount)]),
  );
  return ['', 'Posted', ...details, ...sums, ...pendingLines(pending)];
}

function pendingLines(pending: readonly ExplainedPart[]): string[] {
  if (pending.length === 0) return [];
  const rows = pending.map(part => [`  ${nameOf(part)}`, grouped(part.amount.amount)]);
  return ['', 'To be posted by the next run', ...textTable(AMOUNT_COLUMNS, rows)];
}

function nameOf({ reason }: ExplainedPart): string {
  return PARTS[reason] ?? reason;
}

function batchLines({ batches, traced }: CurrencyExplanation): string[] {
  const verdict = {
    true: 'Events behind the gross, which these batches account for entirely',
    false: 'Events behind the gross; THESE BATCHES COME TO ANOTHER GROSS, run verify',
    null: 'Events behind the gross, as far as batches were read',
  }[`${traced}`];
  return ['', verdict, ...batches.flatMap(batchDetails)];
}

function batchDetails(batch: ExplainedBatch): string[] {
  const events = batch.accepted_events === 1 ? '1 event' : `${grouped(batch.accepted_events)} events`;
  return [
    `  batch ${batch.seq}: ${events}, gross ${grouped(batch.gross.amount)}, processed ${batch.processed_at}`,
    `    ${batch.batch_id} from ${batch.source}`,
  ];
}

function runLines(runs: readonly ExplainedRun[]): string[] {
  if (runs.length === 0) return [];
  const details = runs.flatMap(run => [
    `  ${run.run_id} finished ${run.finished_at}`,
    `    knew batches up to ${run.cutoff_seq}, catalog and plans up to version ${run.reference_version}`,
  ]);
  return ['', 'Runs that settled the day', ...details];
}

function noteLines({ unread_batches, waiting_batches }: Explanation): string[] {
  const unread = `Note: batches that reach over this day and were left unread: ${unread_batches}`;
  const waiting = `Note: accepted batches that reach over this day and wait to be processed: ${waiting_batches}`;
  return [...(unread_batches > 0 ? ['', unread] : []), ...(waiting_batches > 0 ? ['', waiting] : [])];
}
