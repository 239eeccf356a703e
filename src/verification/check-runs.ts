import type pg from 'pg';
import { formatDecimal, type Nanos } from '../domain/nanos.ts';
import { stepsAmong } from '../funds/stored-grants.ts';
import { checkPostingTotals } from '../ledger/check-posting-totals.ts';
import { firstOpenPeriod } from '../ledger/period-closings.ts';
import { brokenChains, misfiledTransfers, transfersByRun } from '../ledger/stored-transfers.ts';
import { payoutCausesAmong } from '../payouts/payout-causes.ts';
import type { RecordedResult } from '../settlement/runs.ts';
import { type Difference, NOTHING } from './difference.ts';

export interface RunsCheck {
  readonly bucket: number;
  readonly runs: readonly RecordedResult[];
  /** The bucket's last batch that was processed. */
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
  readonly report: (difference: Difference) => void;
}

/** Compares what runs recorded of a bucket with the transfers that bear their names. Returns the number of transfers that runs posted in the bucket. */
export async function checkRuns(
  client: pg.ClientBase,
  { bucket, runs, cutoffSeq: seq, referenceVersion, report }: RunsCheck,
): Promise<number> {
  const results = new Map(runs.map(result => [result.runId, result]));
  const postedByRun = new Map<string, number>();
  let transfers = 0;
  const byRun = await transfersByRun(client, bucket);
  const unknown = [...new Set(byRun.flatMap(({ runId }) => (runId === null || results.has(runId) ? [] : runId)))];
  const steps = unknown.length === 0 ? new Map() : await stepsAmong(client, unknown);
  const payoutCauses = unknown.length === 0 ? new Set() : await payoutCausesAmong(client, unknown);
  for (const posted of byRun) {
    transfers += posted.transfers;
    // Of a fund or of payouts, which are compared with their own steps.
    if (posted.runId !== null && (steps.has(posted.runId) || payoutCauses.has(posted.runId))) continue;
    // The run's record of the bucket that it came from counts it.
    if (posted.isReceived) continue;
    const where = `bucket ${bucket} run ${posted.runId}`;
    const runDay = posted.runId === null ? null : (results.get(posted.runId)?.businessDay ?? null);
    postedByRun.set(posted.runId ?? '', (postedByRun.get(posted.runId ?? '') ?? 0) + posted.transfers + posted.sent);
    if (runDay !== posted.businessDay) {
      report({ table: 'settlement_runs', where, expected: `a run of ${posted.businessDay}`, found: runDay ?? NOTHING });
    }
  }
  for (const result of results.values()) {
    const where = `bucket ${bucket} run ${result.runId}`;
    const wrong = (expected: string, found: string) =>
      report({ table: 'settlement_run_buckets', where, expected, found });
    const posted = postedByRun.get(result.runId) ?? 0;
    if (result.businessDay === null) wrong('a run that names the bucket', NOTHING);
    if (posted !== result.transfers) wrong(`${posted} transfers`, `${result.transfers} transfers`);
    if (result.cutoffSeq > seq) wrong(`a cutoff of at most ${seq}`, String(result.cutoffSeq));
    if (result.referenceVersion > referenceVersion) {
      wrong(`a reference version of at most ${referenceVersion}`, String(result.referenceVersion));
    }
  }
  const firstOpen = await firstOpenPeriod(client);
  for (const { ledgerDay, period, expected, transfers: misfiled } of await misfiledTransfers(client, {
    bucket,
    firstOpen,
  })) {
    report({ table: 'transfers', where: `bucket ${bucket} ${ledgerDay}`, expected, found: `${misfiled} in ${period}` });
  }
  for (const broken of await brokenChains(client, bucket)) {
    const where = `bucket ${bucket} transfer ${broken.transferId}`;
    const found = `version ${broken.version} correcting ${broken.correctsId}`;
    report({ table: 'transfers', where, expected: `the version after ${broken.beforeId}`, found });
  }
  for (const difference of await checkPostingTotals(client, bucket)) {
    const { runId, decisionId, recorded, transfers: summed, recordedWhen, transfersWhen, ...of } = difference;
    const cause = decisionId === null ? `run ${runId}` : `decision ${decisionId}`;
    const where = `bucket ${bucket} ${cause} ${of.period} ${of.account} ${of.currency}`;
    const table = decisionId === null ? 'posting_totals' : 'decision_totals';
    const [expected, found] = [`${tellSides(summed)}, ${transfersWhen}`, `${tellSides(recorded)}, ${recordedWhen}`];
    report({ table, where, expected, found });
  }
  return transfers;
}

function tellSides({ debitNanos, creditNanos }: { readonly debitNanos: Nanos; readonly creditNanos: Nanos }): string {
  return `debits ${formatDecimal(debitNanos)}, credits ${formatDecimal(creditNanos)}`;
}
