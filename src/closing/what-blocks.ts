import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { parsePeriod } from '../domain/period.ts';
import { type DueInBucket, dueByBucket, dueForMoreThan } from '../earnings/due-by-bucket.ts';
import { lastSeqsAt, pendingAt } from '../events/accepted-by.ts';
import { ungrantedRuns } from '../funds/grant-funds.ts';
import { allFunds } from '../funds/stored-funds.ts';
import { lastSeal } from '../ledger/period-closings.ts';
import { runsWithoutPlan } from '../settlement/runs-without-plan.ts';
import type { Block, Closing } from './closing.ts';

const NAMED_DAYS = 5;

/**
 * What was accepted or recorded up to the cut and is not settled yet. What came later may stay due: it becomes a difference in the
 * open period. Reads a few rows a bucket.
 */
export async function whatBlocks(q: Queryable, closing: Closing): Promise<Block[]> {
  const waiting = await pendingAt(q, closing.cut);
  const { unsettled, withoutPlan } = await dueAtCut(q, closing);
  const blocks: Block[] = [];
  if (waiting.batches > 0) {
    blocks.push({
      code: 'batches_waiting',
      message: `${counted(waiting.batches, 'batch', 'batches')} accepted up to ${closing.cut.toISOString()}, the first at ${waiting.oldestAt?.toISOString()}, ${waiting.batches === 1 ? 'is' : 'are'} not processed`,
      remedy: 'let the event workers finish, or run: npx apportion settle --due',
    });
  }
  if (unsettled.length > 0) {
    blocks.push({
      code: 'days_due',
      message: `${tellDays(unsettled)} not settled`,
      remedy: 'run: npx apportion settle --due',
    });
  }
  if (withoutPlan.length > 0) {
    blocks.push({
      code: 'no_plan',
      message: `${tellDays(withoutPlan)} due for apps that no plan covers`,
      remedy: 'import a plan for them, then run: npx apportion settle --due',
    });
  }
  for (const fundId of await fundsBehind(q, closing)) {
    blocks.push({
      code: 'grants_waiting',
      message: `fund ${fundId} has not granted yet for what was settled`,
      remedy: 'let the maintenance worker sweep, or run: npx apportion settle --due',
    });
  }
  return blocks;
}

/**
 * Days that are due for something else than batches which came after the cut. Changes of plans and decisions on traffic count whenever they
 * were recorded: the next run has settled them.
 */
async function dueAtCut(
  q: Queryable,
  { period, cut }: Closing,
): Promise<{ readonly unsettled: readonly DueInBucket[]; readonly withoutPlan: readonly DueInBucket[] }> {
  const { firstDay, lastDay } = parsePeriod(period);
  const days = { from: (await lastSeal(q)) === null ? null : firstDay, to: lastDay };
  const buckets = [...new Set((await dueByBucket(q, days)).map(each => each.bucket))];
  const due = await dueForMoreThan(q, { ...days, lastSeqs: await lastSeqsAt(q, { buckets, at: cut }) });
  const lacking = new Set((await runsWithoutPlan(q, due)).map(each => `${each.bucket} ${each.businessDay}`));
  const lacksPlan = (each: DueInBucket) => lacking.has(`${each.bucket} ${each.businessDay}`);
  return { unsettled: due.filter(each => !lacksPlan(each)), withoutPlan: due.filter(lacksPlan) };
}

/** Funds that have not taken their step after a run of the period's days. */
async function fundsBehind(q: Queryable, { period }: Closing): Promise<string[]> {
  const { firstDay, lastDay } = parsePeriod(period);
  const behind: string[] = [];
  for (const fund of await allFunds(q)) {
    const runs = await ungrantedRuns(q, fund);
    if (runs.some(run => run.businessDay >= firstDay && run.businessDay <= lastDay)) behind.push(fund.fundId);
  }
  return behind;
}

function tellDays(due: readonly DueInBucket[]): string {
  const byDay = new Map<BusinessDay, number>();
  for (const { businessDay, developers } of due) byDay.set(businessDay, (byDay.get(businessDay) ?? 0) + developers);
  const named = [...byDay]
    .slice(0, NAMED_DAYS)
    .map(([day, developers]) => `${day} (${counted(developers, 'developer', 'developers')})`);
  const rest = byDay.size - named.length;
  const days = rest > 0 ? `${named.join(', ')} and ${counted(rest, 'other day', 'other days')}` : named.join(', ');
  return `${days} ${byDay.size === 1 ? 'is' : 'are'}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
