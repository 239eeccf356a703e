import type pg from 'pg';
import type { Decision } from '../decisions/decision.ts';
import { kindNamed } from '../decisions/kinds.ts';
import { checkedDecisions, findDecision, wrongOutcomes } from '../decisions/stored-decisions.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { movesKeptBack } from '../domain/held-money.ts';
import { formatDecimal } from '../domain/nanos.ts';
import { type DecisionTransfer, type FiledTransfer, filed, postedByDecisions } from '../ledger/decision-transfers.ts';
import { type Difference, NOTHING } from './difference.ts';

interface DecisionsCheck {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly report: (difference: Difference) => void;
}

/** A transfer that an applied decision must have posted. */
interface Expected extends FiledTransfer {
  readonly decisionId: string;
  readonly bookedAt: Date;
}

/** What applied decisions must have posted, by bucket, in the order of each decision. */
export type KnownDecisions = ReadonlyMap<number, readonly Expected[]>;

/** Tells of decisions that are not what was recorded, and works out what the applied ones must have posted. */
export async function knownDecisions(client: pg.ClientBase, check: DecisionsCheck): Promise<KnownDecisions> {
  const expected: Expected[] = [];
  for (const { decision, intact } of await checkedDecisions(client)) {
    for (const each of expectedOf(decision, check)) expected.push(each);
    if (intact) continue;
    const where = `decision ${decision.decisionId}`;
    check.report({ table: 'decisions', where, expected: 'what was recorded', found: 'something else' });
  }
  for (const decisionId of await wrongOutcomes(client)) {
    const where = `decision ${decisionId}`;
    check.report({
      table: 'decision_outcomes',
      where,
      expected: 'an outcome that its rules allow',
      found: 'another one',
    });
  }
  return Map.groupBy(expected, each => each.bucket);
}

/**
 * Compares what decisions posted in a bucket with what they say, those applied since `known` was read among them. Returns the number
 * of transfers that decisions posted in the bucket.
 */
export async function checkDecisions(
  client: pg.ClientBase,
  { bucket, known, ...check }: DecisionsCheck & { readonly bucket: number; readonly known: KnownDecisions },
): Promise<number> {
  const transfers = await postedByDecisions(client, { buckets: [bucket] });
  // What is kept back is derived from the holds on record.
  const ofTheirOwn = transfers.filter(each => !movesKeptBack(each));
  const posted = Map.groupBy(ofTheirOwn, each => each.decisionId);
  const expected = Map.groupBy(known.get(bucket) ?? [], each => each.decisionId);
  for (const decisionId of posted.keys()) {
    if (expected.has(decisionId)) continue;
    const decision = await findDecision(client, decisionId);
    const all = decision === null ? [] : expectedOf(decision, check);
    expected.set(
      decisionId,
      all.filter(each => each.bucket === bucket),
    );
  }
  for (const decisionId of new Set([...posted.keys(), ...expected.keys()])) {
    const where = `bucket ${bucket} decision ${decisionId}`;
    compare(posted.get(decisionId) ?? [], expected.get(decisionId) ?? [], { where, report: check.report });
  }
  return transfers.length;
}

function expectedOf(decision: Decision, { bucketCount, calendar }: DecisionsCheck): Expected[] {
  const { decisionId, outcome } = decision;
  if (outcome?.outcome !== 'applied') return [];
  const kind = kindNamed(decision.kind);
  const parameters = kind?.parameters.safeParse(decision.parameters);
  if (kind === null || parameters?.success !== true) return [];
  const booking = { bucketCount, calendar, at: outcome.decidedAt };
  const planned = kind.posted?.(parameters.data) ?? [];
  return planned.map(each => ({ ...filed(each, booking), decisionId, bookedAt: outcome.decidedAt }));
}

function compare(
  posted: readonly DecisionTransfer[],
  expected: readonly Expected[],
  { where, report }: { readonly where: string; readonly report: (difference: Difference) => void },
): void {
  for (let place = 0; place < Math.max(posted.length, expected.length); place += 1) {
    const [found, wanted] = [tell(posted[place]), tell(expected[place])];
    if (found !== wanted) report({ table: 'transfers', where: `${where} #${place + 1}`, expected: wanted, found });
  }
}

function tell(transfer: Expected | DecisionTransfer | undefined): string {
  if (transfer === undefined) return NOTHING;
  const { ownerId, appId, businessDay, ledgerDay, debit, credit, amountNanos, currency, reason, bookedAt } = transfer;
  const what = `${debit} > ${credit} ${formatDecimal(amountNanos, 2)} ${currency}`;
  const when = `${businessDay ?? '-'} filed ${ledgerDay} booked ${bookedAt.toISOString()}`;
  return `${ownerId} ${appId ?? '-'} ${reason}: ${what} for ${when}`;
}
