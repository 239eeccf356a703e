import { movesKeptBack } from '../domain/held-money.ts';
import type { Money } from '../domain/money.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import type { ExplainedRun, Explanation } from './explain.ts';
import type {
  CurrencyExplanation,
  ExplainedBatch,
  ExplainedPart,
  ExplainedPlan,
  ExplainedTier,
  ExplainedWorth,
} from './explain-amounts.ts';
import { incentiveExplanation } from './explain-incentives.ts';
import type { ExplainedProvider, ExplainedTerm } from './explain-provider.ts';
import { heldOnDayLines } from './held-on-day.ts';
import { invalidTable } from './invalid-traffic.ts';
import { MESSAGES } from './messages.ts';
import { percentOf } from './rates.ts';
import { type Column, decimal, grouped, left, right, textTable } from './text-table.ts';

const UNIT_COLUMNS: readonly Column[] = [left('Earned'), right('Impressions'), right('Clicks'), decimal('Gross')];

const TIER_COLUMNS: readonly Column[] = [left(''), decimal(''), right(''), decimal('')];

const AMOUNT_COLUMNS: readonly Column[] = [left(''), decimal('')];

const PARTS: Record<string, string> = {
  developer_share: "developer's share",
  platform_share: "platform's part",
  provider_share: 'part of the provider',
};

/** The explanation as a developer or finance reads it on a terminal. */
export function renderExplanation(explanation: Explanation): string {
  const { category, status, items, runs } = explanation;
  const lines = [
    dayTitle(explanation),
    ...knownLines(explanation),
    `Category ${category ?? 'unknown'}; ${status === 'settled' ? 'settled' : 'PENDING: the day will be settled again'}`,
    ...(items.length === 0 ? ['', 'Nothing was earned or posted on that day.'] : items.flatMap(currencyLines)),
    ...incentiveExplanation(explanation.incentives),
    ...runLines(runs),
    ...noteLines(explanation),
  ];
  return `${lines.join('\n')}\n`;
}

/** Of which app, whose it is, on which day. */
export function dayTitle({
  app,
  developer,
  business_date,
}: Pick<Explanation, 'app' | 'developer' | 'business_date'>): string {
  return `${app.name} (${app.id}) of ${developer.name} (${developer.id}) on ${business_date}`;
}

function knownLines({ as_known_on, known }: Explanation): string[] {
  if (as_known_on === null) return [];
  return [`As known on ${as_known_on}: ${knowledgeOf(known)}`];
}

export function knowledgeOf({ cutoff_seq, reference_version }: Explanation['known']): string {
  return `batches up to ${cutoff_seq}, catalog and plans up to version ${reference_version}`;
}

function currencyLines(item: CurrencyExplanation): string[] {
  return ['', `── ${item.currency} ──`, ...worthWithTraffic(item), ...postedLines(item), ...batchLines(item)];
}

/** From the ad units' earnings, and what does not count of them, to each side's part. */
export function worthWithTraffic(item: CurrencyExplanation): string[] {
  return [
    ...earnedLines(item),
    ...invalidTable(item.invalid_traffic, { withDays: false, columns: MESSAGES.en.columns }),
    ...worthLines(item),
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
  const { plan, provider, developer_share, platform_share } = worth;
  const total = provider?.developer_total ?? developer_share;
  return [
    '',
    `Shared out by plan ${plan.id} of version ${plan.reference_version},`,
    `${scopeOf(plan)}, ${datesOf(plan)}, ${modeOf(plan)}`,
    ...acceptanceLines(plan),
    ...shareLines(worth, { name: provider === null ? "Developer's share" : "Developer's total", share: total }),
    `  Platform's part ${grouped(gross.amount)} − ${grouped(total.amount)} = ${grouped(platform_share.amount)}`,
    ...(provider === null ? [] : providerLines(provider, developer_share)),
  ];
}

function providerLines(provider: ExplainedProvider, developerShare: Money): string[] {
  const { id, ratio, developer_total: total, unrounded_share, share, engagement, default_ratio } = provider;
  const isRounded = unrounded_share.amount !== share.amount;
  const part = `${isRounded ? `${grouped(unrounded_share.amount)}, rounded half-even ` : ''}${grouped(share.amount)}`;
  return [
    '',
    `Shared with service provider ${id},`,
    termsOf(engagement),
    ...(default_ratio === null ? [] : [`at its default ratio, ${termsOf(default_ratio)}`]),
    `  Provider's part ${grouped(total.amount)} × ${percentOf(ratio)} = ${part}`,
    `  Developer's share ${grouped(total.amount)} − ${grouped(share.amount)} = ${grouped(developerShare.amount)}`,
  ];
}

function termsOf(term: ExplainedTerm): string {
  const { terms_version, confirmed_on, confirmed_by } = term;
  return `${datesOf(term)} by terms of version ${terms_version}, confirmed on ${confirmed_on} by ${confirmed_by}`;
}

function shareLines(
  { tiers, unrounded_developer_share: unrounded, month }: ExplainedWorth,
  { name, share }: { readonly name: string; readonly share: Money },
): string[] {
  if (month === null) {
    return [...textTable(TIER_COLUMNS, tiers.map(tierRow)), `  ${name} ${roundedTo(share, unrounded)}`];
  }
  const { to_day: toDay, to_day_before: before } = month;
  return [
    `  Gross of the month to this day ${grouped(toDay.gross.amount)}`,
    ...textTable(TIER_COLUMNS, tiers.map(tierRow)),
    `  Share of the month to this day ${roundedTo(toDay.share, unrounded)}`,
    `  Gross of the month to the day before ${grouped(before.gross.amount)}`,
    ...textTable(TIER_COLUMNS, before.tiers.map(tierRow)),
    `  Share of the month to the day before ${roundedTo(before.share, before.unrounded_share)}`,
    `  ${name} ${grouped(toDay.share.amount)} − ${grouped(before.share.amount)} = ${grouped(share.amount)}`,
  ];
}

function roundedTo(share: Money, unrounded: Money): string {
  const isRounded = unrounded.amount !== share.amount;
  return `${isRounded ? `${grouped(unrounded.amount)}, rounded half-even ` : ''}= ${grouped(share.amount)}`;
}

function acceptanceLines({ accepted_on, accepted_by }: ExplainedPlan): string[] {
  return accepted_on === null ? [] : [`accepted on ${accepted_on}, recorded by ${accepted_by}`];
}

function scopeOf({ scope, scope_id }: ExplainedPlan): string {
  return scope_id === null ? 'for everybody' : `for ${scope} ${scope_id}`;
}

function datesOf({ effective_from, effective_to }: Pick<ExplainedPlan, 'effective_from' | 'effective_to'>): string {
  return effective_to === null ? `from ${effective_from}` : `${effective_from} to ${effective_to}`;
}

function modeOf({ basis, mode }: ExplainedPlan): string {
  if (basis === 'app_month') return "each tier for its part of the month's gross";
  return mode === 'whole' ? 'one tier for the whole gross' : 'each tier for its part of the gross';
}

function tierRow({ up_to, share, part, amount }: ExplainedTier): string[] {
  const reach = up_to === null ? '  the rest' : `  up to ${grouped(up_to.amount)}`;
  return [reach, grouped(part.amount), `× ${percentOf(share)}`, `= ${grouped(amount.amount)}`];
}

function postedLines({ transfers, held, posted, pending }: CurrencyExplanation): string[] {
  if (transfers.length === 0) return ['', 'Posted: nothing yet', ...pendingLines(pending)];
  const details = transfers.flatMap(transferLines);
  const sums = textTable(
    AMOUNT_COLUMNS,
    posted.map(part => [`  Sum of the ${nameOf(part)}`, grouped(part.amount.amount)]),
  );
  return ['', 'Posted', ...details, ...sums, ...heldOnDayLines(held), ...pendingLines(pending)];
}

/** A transfer in a few lines: what it moves, by what, and its id. */
export function transferLines(transfer: TransferRow): string[] {
  const { version, reason, debit, credit, amount, corrects, link, run_id, decision_id } = transfer;
  const cause = run_id === null ? `decision ${decision_id}` : `run ${run_id}`;
  return [
    `  ${version === null ? '' : `version ${version} `}${reason}: ${debit} → ${credit} ${grouped(amount.amount)}`,
    `    booked ${transfer.booked_at}, ${cause}`,
    `    transfer ${transfer.id}${corrects === null ? '' : `, corrects ${corrects}`}`,
    ...(link === null && !movesKeptBack(transfer)
      ? []
      : [`    in the book of ${transfer.developer_id}${link === null ? '' : `, link ${link}`}`]),
  ];
}

function pendingLines(pending: readonly ExplainedPart[]): string[] {
  if (pending.length === 0) return [];
  const rows = pending.map(part => [`  ${nameOf(part)}`, grouped(part.amount.amount)]);
  return ['', 'To be posted by the next run', ...textTable(AMOUNT_COLUMNS, rows)];
}

export function nameOf({ reason, provider_id }: ExplainedPart): string {
  return `${PARTS[reason] ?? reason}${provider_id === undefined ? '' : ` ${provider_id}`}`;
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

export function runLines(runs: readonly ExplainedRun[], title = 'Runs that settled the day'): string[] {
  if (runs.length === 0) return [];
  const details = runs.flatMap(run => [`  ${run.run_id} finished ${run.finished_at}`, `    knew ${knowledgeOf(run)}`]);
  return ['', title, ...details];
}

function noteLines({ unread_batches, waiting_batches }: Explanation): string[] {
  const unread = `Note: batches that reach over this day and were left unread: ${unread_batches}`;
  const waiting = `Note: accepted batches that reach over this day and wait to be processed: ${waiting_batches}`;
  return [...(unread_batches > 0 ? ['', unread] : []), ...(waiting_batches > 0 ? ['', waiting] : [])];
}
