import type pg from 'pg';
import { categoriesOn } from '../catalog/categories.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { type BusinessDay, parseBusinessDay } from '../domain/business-day.ts';
import { formatDecimal, type Nanos, nanos } from '../domain/nanos.ts';
import { periodOf } from '../domain/period.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import { lastSeq } from '../events/inbox.ts';
import { checkPostingTotals } from '../ledger/check-posting-totals.ts';
import { postedOn } from '../ledger/posted.ts';
import { brokenChains, ledgerDays, transfersByRun } from '../ledger/stored-transfers.ts';
import { loadPlans, type PlanBook } from '../plans/plan.ts';
import { bucketResults } from '../settlement/runs.ts';
import { type AppGross, worthOfApp } from '../settlement/worth-of-apps.ts';
import { type Difference, NOTHING } from './difference.ts';

export interface LedgerCheck {
  readonly bucket: number;
  /** From the replayed events, in key order. */
  readonly earnings: readonly UnitEarnings[];
  /** `day developer` of what is due: pending, not differing. */
  readonly due: ReadonlySet<string>;
  readonly report: (difference: Difference) => void;
}

/** Compares what was posted with what replayed earnings are worth under the plans, and the runs' records with what was posted. */
export async function checkLedger(client: pg.ClientBase, check: LedgerCheck): Promise<number> {
  const referenceVersion = await currentReferenceVersion(client);
  const plans = await loadPlans(client, referenceVersion);
  const earningsByDay = Map.groupBy(check.earnings, row => row.businessDay);
  const days = new Set([...earningsByDay.keys(), ...(await ledgerDays(client, check.bucket))]);
  for (const day of [...days].sort()) {
    await checkDay(client, check, { day, referenceVersion, plans, earnings: earningsByDay.get(day) ?? [] });
  }
  return await checkRuns(client, check, referenceVersion);
}

interface DayCheck {
  readonly day: BusinessDay;
  readonly referenceVersion: number;
  readonly plans: PlanBook;
  readonly earnings: readonly UnitEarnings[];
}

async function checkDay(client: pg.ClientBase, { bucket, due, report }: LedgerCheck, check: DayCheck): Promise<void> {
  const { day, referenceVersion, plans } = check;
  const grosses = grossByApp(check.earnings);
  const categories = await categoriesOn(client, { appIds: grosses.map(app => app.appId), day, referenceVersion });
  const expected = new Map<string, Nanos>();
  for (const gross of grosses) {
    if (due.has(`${day} ${gross.developerId}`)) continue;
    const worth = worthOfApp(gross, { day, category: categories.get(gross.appId) ?? null, plans });
    for (const { reason, worthNanos } of worth.parts) {
      if (worthNanos !== 0n) expected.set(partKey({ ...gross, reason }), worthNanos);
    }
  }
  for (const posted of await postedOn(client, { bucket, day })) {
    if (due.has(`${day} ${posted.developerId}`)) continue;
    const key = partKey(posted);
    const worthNanos = expected.get(key) ?? nanos(0n);
    expected.delete(key);
    if (worthNanos !== posted.amountNanos) {
      report({
        table: 'transfers',
        where: `${day} ${key}`,
        expected: decimal(worthNanos),
        found: decimal(posted.amountNanos),
      });
    }
  }
  for (const [key, worthNanos] of expected) {
    report({ table: 'transfers', where: `${day} ${key}`, expected: decimal(worthNanos), found: NOTHING });
  }
}

function partKey(part: { developerId: string; appId: string; currency: string; reason: string }): string {
  return `developer ${part.developerId} app ${part.appId} ${part.reason} ${part.currency}`;
}

function grossByApp(earnings: readonly UnitEarnings[]): AppGross[] {
  const grosses = new Map<string, AppGross>();
  for (const { developerId, appId, currency, grossNanos } of earnings) {
    const key = `${appId}\0${currency}`;
    const before = grosses.get(key)?.grossNanos ?? 0n;
    grosses.set(key, { developerId, appId, currency, grossNanos: nanos(before + grossNanos) });
  }
  return [...grosses.values()];
}

/** Returns the number of transfers in the bucket. */
async function checkRuns(
  client: pg.ClientBase,
  { bucket, report }: LedgerCheck,
  referenceVersion: number,
): Promise<number> {
  const results = new Map((await bucketResults(client, bucket)).map(result => [result.runId, result]));
  const seq = await lastSeq(client, bucket);
  const postedByRun = new Map<string, number>();
  let transfers = 0;
  for (const posted of await transfersByRun(client, bucket)) {
    transfers += posted.transfers;
    const where = `bucket ${bucket} run ${posted.runId}`;
    const runDay = posted.runId === null ? null : (results.get(posted.runId)?.businessDay ?? null);
    postedByRun.set(posted.runId ?? '', (postedByRun.get(posted.runId ?? '') ?? 0) + posted.transfers);
    if (runDay !== posted.businessDay) {
      report({ table: 'settlement_runs', where, expected: `a run of ${posted.businessDay}`, found: runDay ?? NOTHING });
    }
    const period = posted.businessDay === null ? null : periodOf(parseBusinessDay(posted.businessDay));
    if (period !== null && period !== posted.period) {
      report({ table: 'transfers', where: `${where} ${posted.businessDay}`, expected: period, found: posted.period });
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
  for (const broken of await brokenChains(client, bucket)) {
    const where = `bucket ${bucket} transfer ${broken.transferId}`;
    const found = `version ${broken.version} correcting ${broken.correctsId}`;
    report({ table: 'transfers', where, expected: `the version after ${broken.beforeId}`, found });
  }
  for (const { runId, period, currency, account, recorded, transfers: summed } of await checkPostingTotals(
    client,
    bucket,
  )) {
    const where = `bucket ${bucket} run ${runId} ${period} ${account} ${currency}`;
    report({ table: 'posting_totals', where, expected: tellSides(summed), found: tellSides(recorded) });
  }
  return transfers;
}

function decimal(amountNanos: Nanos): string {
  return formatDecimal(amountNanos, 2);
}

function tellSides({ debitNanos, creditNanos }: { readonly debitNanos: Nanos; readonly creditNanos: Nanos }): string {
  return `debits ${decimal(debitNanos)}, credits ${decimal(creditNanos)}`;
}
