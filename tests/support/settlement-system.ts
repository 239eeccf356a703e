import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { parseCatalog } from '../../src/catalog/catalog-file.ts';
import { Database } from '../../src/db/database.ts';
import type { Decision } from '../../src/decisions/decision.ts';
import { insertDecision, insertOutcome } from '../../src/decisions/stored-decisions.ts';
import { anyPersons } from '../../src/decisions/stored-persons.ts';
import { BusinessCalendar, parseBusinessDay } from '../../src/domain/business-day.ts';
import { type AcceptedFile, acceptFile } from '../../src/events/accept-file.ts';
import { type BatchKey, isProcessed } from '../../src/events/inbox.ts';
import { type IngestSummary, summariseIngests } from '../../src/events/ingest-summary.ts';
import type { LineFormat } from '../../src/events/line-formats.ts';
import { processBucket } from '../../src/events/process-bucket.ts';
import { grantAfterRun, grantPending } from '../../src/funds/grant-funds.ts';
import { listBalances } from '../../src/ledger/list-balances.ts';
import { type TrialBalance, trialBalance } from '../../src/ledger/trial-balance.ts';
import { parsePlans } from '../../src/plans/plan-file.ts';
import { confirmProvider } from '../../src/settlement/confirm-provider.ts';
import { acceptPlanAs, recordCatalog, recordPlans } from '../../src/settlement/import-reference.ts';
import { recordTraffic } from '../../src/settlement/import-traffic.ts';
import {
  type InvalidateRequest,
  invalidateIn,
  type ReinstateRequest,
  reinstateIn,
  type TrafficSlice,
} from '../../src/settlement/invalidate-traffic.ts';
import type { SettlementRun } from '../../src/settlement/runs.ts';
import { type BucketOfRun, settleBucket } from '../../src/settlement/settle-bucket.ts';
import { settleDays, settleDueDays } from '../../src/settlement/settle-days.ts';
import { parseEventList } from '../../src/traffic/event-list-file.ts';
import { eventNamed } from '../../src/traffic/invalidation.ts';
import { parseNetworks } from '../../src/traffic/network-file.ts';
import { parsePolicies } from '../../src/traffic/policy-file.ts';
import { type Verification, verify } from '../../src/verification/verify.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { scratchFolder } from './scratch-folder.ts';

export interface SystemOptions {
  /** Fewer buckets make a shorter `verify`; an installation has 64. */
  readonly bucketCount?: number;
  /** "Now" until it is set to something else. */
  readonly now?: string;
}

export interface IngestOptions {
  readonly asOf?: Date;
  readonly batchEvents?: number;
  /** The file's name. */
  readonly name?: string;
  readonly format?: LineFormat;
}

export interface LedgerRow {
  readonly transferId: string;
  readonly developerId: string;
  readonly appId: string;
  readonly businessDay: string;
  readonly period: string;
  readonly currency: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountNanos: bigint;
  readonly reason: string;
  readonly version: number;
  readonly correctsId: string | null;
  readonly runId: string;
}

export interface Balance {
  readonly developerId: string;
  readonly account: string;
  readonly currency: string;
  readonly nanos: bigint;
}

export interface RejectedRow {
  readonly seq: number;
  readonly lineNo: number;
  readonly ownerId: string;
  readonly reason: string;
  readonly field: string | null;
  readonly detail: string;
  readonly line: Buffer;
}

/** A catalog or plans as they were imported, with what it takes to import them again. */
export interface RecordedImport {
  readonly kind: 'catalog' | 'plans' | 'acceptance' | 'confirmation' | 'traffic' | 'invalidation' | 'reinstatement';
  /** The file's text; of what is no file, the request as JSON. */
  readonly text: string;
  readonly now: Date;
  readonly referenceVersion: number;
}

const BATCH_EVENTS = 20_000;

/** The whole path over a database of the test's own, without a queue: what is enqueued waits here until the test lets it run. */
export class SettlementSystem {
  now: Date;
  readonly database: TestDatabase;
  readonly calendar = new BusinessCalendar('Asia/Shanghai');
  readonly bucketCount: number;
  readonly folder: string;
  batchJobs: BatchKey[] = [];
  settlementJobs: BucketOfRun[] = [];
  ingestIds: string[] = [];
  imports: RecordedImport[] = [];
  db: Database;
  #owner: pg.Client | null = null;
  #files = 0;

  static async open({
    bucketCount = 64,
    now = '2018-06-01T12:00:00+08:00',
  }: SystemOptions = {}): Promise<SettlementSystem> {
    const folder = scratchFolder('system');
    return new SettlementSystem(await createTestDatabase(), { bucketCount, now: new Date(now), folder });
  }

  constructor(
    database: TestDatabase,
    { bucketCount, now, folder }: { readonly bucketCount: number; readonly now: Date; readonly folder: string },
  ) {
    this.database = database;
    this.db = database.db;
    this.bucketCount = bucketCount;
    this.now = now;
    this.folder = folder;
  }

  async drop(): Promise<void> {
    if (this.db !== this.database.db) await this.db.close();
    await this.database.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One connection with the owner's rights. */
  async owner(): Promise<pg.Client> {
    this.#owner ??= await this.database.owner();
    return this.#owner;
  }

  /** Empties the database, which is quicker than another one. */
  async reset(now: string): Promise<void> {
    await (await this.owner()).query(EMPTY_ALL);
    // The program takes it for granted that a database never forgets a version, so it gets a new connection to the emptied one.
    if (this.db !== this.database.db) await this.db.close();
    this.db = new Database({ address: this.database.address, role: 'application', connections: 8 });
    this.now = new Date(now);
    this.batchJobs = [];
    this.settlementJobs = [];
    this.ingestIds = [];
    this.imports = [];
  }

  /** @throws Refusal `bad_catalog` */
  async importCatalog(catalog: object): Promise<void> {
    await this.import('catalog', JSON.stringify(catalog));
  }

  /** @throws Refusal `bad_plans` */
  async importPlans(...plans: object[]): Promise<void> {
    await this.import('plans', JSON.stringify({ plans }));
  }

  /** @throws Refusal `unknown_plan`, `needs_no_acceptance`, `not_their_plan` */
  async acceptPlan(planId: string, developerId: string): Promise<void> {
    await this.import('acceptance', JSON.stringify({ planId, developerId, actor: 'li.wei' }));
  }

  /** Of a provider's terms for an app, or (null) of its default ratio. @throws Refusal `unknown_provider`, `unknown_app`, `no_terms` */
  async confirmTerms(providerId: string, appId: string | null): Promise<void> {
    await this.import('confirmation', JSON.stringify({ providerId, appId, actor: 'li.wei' }));
  }

  /** @throws Refusal `bad_traffic` */
  async importTraffic(...policies: object[]): Promise<void> {
    await this.importTrafficWith(null, ...policies);
  }

  /** With the networks of data centres, one a line. */
  async importTrafficWith(networks: string | null, ...policies: object[]): Promise<void> {
    await this.import('traffic', JSON.stringify({ networks, file: JSON.stringify({ traffic_policies: policies }) }));
  }

  /** @throws Refusal as `invalidateIn` does */
  async invalidate(request: InvalidationAsked): Promise<void> {
    await this.import('invalidation', JSON.stringify(request));
  }

  /** @throws Refusal `unknown_invalidation` */
  async reinstate(id: string): Promise<void> {
    await this.import('reinstatement', JSON.stringify({ invalidationId: id, reason: 'appeal', actor: 'li.wei' }));
  }

  /** As an approved decision records it, whoever may. */
  async import(kind: RecordedImport['kind'], text: string): Promise<void> {
    const { db, calendar, bucketCount, now: at } = this;
    const deps = { db, now: () => at, calendar, bucketCount };
    const source = `${kind}.json`;
    const recorded = { recordedAt: at, today: calendar.dayOf(at.getTime()) };
    const runs = {
      catalog: async () => (await db.transaction(tx => recordCatalog(tx, parseCatalog(text, source), recorded))).result,
      plans: async () => (await db.transaction(tx => recordPlans(tx, parsePlans(text, source), recorded))).result,
      acceptance: async () => await acceptPlanAs(deps, JSON.parse(text)),
      confirmation: async () => await confirmProvider(deps, JSON.parse(text)),
      traffic: async () => (await db.transaction(tx => recordTraffic(tx, trafficFiles(text), recorded))).result,
      invalidation: async () =>
        await db.transaction(async tx => {
          const { invalidation, isNew } = await invalidateIn(tx, { ...deps, at }, invalidationRequest(text));
          if (isNew) await putOnRecord(tx, invalidationDecision(text), at);
          return invalidation;
        }),
      reinstatement: async () =>
        await db.transaction(async tx => {
          const request: ReinstateRequest = JSON.parse(text);
          const { invalidation, isNew } = await reinstateIn(tx, { at }, request);
          const { invalidationId, reason: ground } = request;
          const parameters = { invalidation: invalidationId, ground };
          const decision = { decisionId: `reinstate-${invalidationId}`, kind: 'reinstate', parameters };
          if (isNew) await putOnRecord(tx, decision, at);
          return invalidation.reinstatement ?? invalidation;
        }),
    };
    const { referenceVersion } = await runs[kind]();
    this.imports.push({ kind, text, now: this.now, referenceVersion });
  }

  /** Writes the lines to a file and accepts it; they count once they are processed. */
  async ingest(
    lines: readonly string[] | Buffer,
    { name = `events-${++this.#files}.ndjson`, ...options }: IngestOptions = {},
  ): Promise<AcceptedFile> {
    const file = path.join(this.folder, name);
    await writeFile(file, Buffer.isBuffer(lines) ? lines : lines.map(line => `${line}\n`).join(''));
    return await this.ingestFile(file, options);
  }

  async ingestFile(file: string, options: Omit<IngestOptions, 'name'> = {}): Promise<AcceptedFile> {
    const { db, calendar, bucketCount } = this;
    const enqueue = async (batches: BatchKey[]) => {
      this.batchJobs.push(...batches);
    };
    const accepted = await acceptFile(
      { db, calendar, bucketCount, now: () => this.now, enqueue },
      {
        path: file,
        format: options.format ?? 'ndjson',
        clock: options.asOf ?? this.now,
        batchEvents: options.batchEvents ?? BATCH_EVENTS,
      },
    );
    this.ingestIds.push(accepted.ingestId);
    return accepted;
  }

  /** Runs the enqueued jobs of batches, of the given buckets only, as a worker would. */
  async process({
    batchEvents = BATCH_EVENTS,
    buckets,
  }: {
    readonly batchEvents?: number;
    readonly buckets?: ReadonlySet<number>;
  } = {}): Promise<void> {
    const jobs = this.batchJobs.filter(({ bucket }) => buckets?.has(bucket) ?? true);
    this.batchJobs = this.batchJobs.filter(job => !jobs.includes(job));
    for (const job of jobs) {
      if (!(await isProcessed(this.db, job))) await this.processBucket(job.bucket, batchEvents);
    }
  }

  async processAll(options: { readonly batchEvents?: number } = {}): Promise<void> {
    await this.process(options);
  }

  async processBucket(bucket: number, batchEvents: number = BATCH_EVENTS): Promise<void> {
    await processBucket({ db: this.db, calendar: this.calendar, now: () => this.now }, { bucket, batchEvents });
  }

  /** Accepts and processes; tells what came of this file. */
  async take(lines: readonly string[] | Buffer, options: IngestOptions = {}): Promise<IngestSummary> {
    const { ingestId } = await this.ingest(lines, options);
    await this.processAll(options.batchEvents === undefined ? {} : { batchEvents: options.batchEvents });
    return await this.summary(ingestId);
  }

  /** What came of the given readings of files, or of all. */
  async summary(...ingestIds: string[]): Promise<IngestSummary> {
    return await summariseIngests(this.db, ingestIds.length === 0 ? this.ingestIds : ingestIds);
  }

  /**
   * Starts a run; its buckets wait as jobs.
   * @throws Refusal `day_not_over`
   */
  async requestRun(day: string): Promise<SettlementRun[]> {
    return await settleDays(this.#runDeps(), [parseBusinessDay(day)]);
  }

  /** Runs the enqueued jobs of settlement. */
  async settleEnqueued(): Promise<void> {
    const jobs = this.settlementJobs;
    this.settlementJobs = [];
    for (const job of jobs) await this.settleBucket(job);
  }

  async settleBucket(job: BucketOfRun): Promise<void> {
    const { db, bucketCount, calendar } = this;
    await settleBucket({ db, bucketCount, calendar, now: () => this.now }, job);
    await grantAfterRun({ db, bucketCount, calendar, now: () => this.now }, job.runId);
  }

  /** What the sweep does for funds. */
  async grantPending(): Promise<void> {
    const { db, bucketCount, calendar } = this;
    await grantPending({ db, bucketCount, calendar, now: () => this.now });
  }

  /** @throws Refusal `day_not_over` */
  async settle(day: string): Promise<SettlementRun[]> {
    const runs = await this.requestRun(day);
    await this.settleEnqueued();
    return runs;
  }

  async settleDue(): Promise<SettlementRun[]> {
    const runs = await settleDueDays(this.#runDeps());
    await this.settleEnqueued();
    return runs;
  }

  #runDeps() {
    const enqueue = async (jobs: BucketOfRun[]) => {
      this.settlementJobs.push(...jobs);
    };
    return { db: this.db, calendar: this.calendar, now: () => this.now, enqueue };
  }

  async transfers(): Promise<LedgerRow[]> {
    const { rows } = await this.db.query<Omit<LedgerRow, 'amountNanos'> & { amount: string }>(
      `select transfer_id as "transferId", developer_id as "developerId", app_id as "appId", business_date as "businessDay",
         period, currency, debit, credit, amount_nanos as amount, reason, version, corrects_id as "correctsId", run_id as "runId"
       from transfers
       order by business_date, developer_id, app_id, currency, reason, version`,
    );
    return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: BigInt(amount) }));
  }

  /** The ledger without what differs from one writing of it to the next: ids and instants. */
  async ledger(): Promise<string[]> {
    return (await this.transfers()).map(ledgerText).sort();
  }

  /** As finance reads them. */
  async balances(): Promise<Balance[]> {
    const { items } = await this.db.snapshot(tx => listBalances(tx, { bucketCount: this.bucketCount, limit: 100_000 }));
    return items.map(({ developer_id, account, balance }) => ({
      developerId: developer_id,
      account,
      currency: balance.currency,
      nanos: nanosOf(balance.amount),
    }));
  }

  async trialBalance(): Promise<TrialBalance> {
    return await trialBalance(this.db);
  }

  async earnings(): Promise<string[]> {
    const { rows } = await this.db.query<{ row: string }>(
      `select concat_ws('|', business_date, developer_id, app_id, ad_unit_id, currency, impressions, clicks, gross_nanos) as row
       from earnings`,
    );
    return rows.map(({ row }) => row).sort();
  }

  /** In the order of their batches and lines. */
  async rejectedLines(): Promise<RejectedRow[]> {
    const { rows } = await this.db.query<RejectedRow>(
      `select seq, line_no as "lineNo", owner_id as "ownerId", reason, field, detail, line
       from rejected_lines
       order by seq, line_no`,
    );
    return rows;
  }

  /** What runs changed about deductions, as `day app unit reason: impressions clicks gross`, in the order of the runs. */
  async deductions(): Promise<string[]> {
    const { rows } = await this.db.query<{ row: string }>(
      `select format('%s %s %s %s%s: %s %s %s', business_date, app_id, ad_unit_id, reason,
         case when invalidation_id = '' then '' else ' by ' || invalidation_id end, impressions, clicks, gross_nanos) as row
       from deductions
       join settlement_run_buckets using (bucket, run_id)
       order by finished_at, run_id, business_date, app_id, ad_unit_id, reason, invalidation_id`,
    );
    return rows.map(({ row }) => row);
  }

  /** Developers' days that are due, as `day developer`. */
  async due(): Promise<string[]> {
    const { rows } = await this.db.query<{ row: string }>(
      `select business_date || ' ' || developer_id as row from due_days`,
    );
    return rows.map(({ row }) => row).sort();
  }

  async verify(): Promise<Verification> {
    return await verify(this.db, { bucketCount: this.bucketCount, calendar: this.calendar });
  }
}

/** A decision about a slice, or about the events of a list. */
export interface InvalidationAsked {
  readonly id: string;
  readonly appId: string;
  readonly slice?: Partial<TrafficSlice> & { readonly from: string; readonly to: string };
  /** A type and an id a line. */
  readonly events?: string;
  readonly reason: string;
  readonly note?: string;
}

function trafficFiles(text: string) {
  const { networks, file } = JSON.parse(text) as { readonly networks: string | null; readonly file: string };
  return {
    policies: parsePolicies(file, 'traffic.json'),
    networks: networks === null ? null : parseNetworks(networks, 'networks.txt'),
  };
}

function invalidationRequest(text: string): InvalidateRequest {
  const { id, appId, slice, events, reason, note } = JSON.parse(text) as InvalidationAsked;
  const { from = '', to = '', ...rest } = slice ?? {};
  const of =
    events === undefined
      ? { adUnitId: null, eventType: null, ...rest, fromDay: parseBusinessDay(from), toDay: parseBusinessDay(to) }
      : parseEventList(events, 'events.txt');
  return { invalidationId: id, appId, of, reason, actor: 'li.wei', note: note ?? null };
}

/** The decision by which it is recorded. */
function invalidationDecision(text: string): Pick<Decision, 'decisionId' | 'kind' | 'parameters'> {
  const { invalidationId: decisionId, appId: app, reason: code, of } = invalidationRequest(text);
  if ('lines' in of) {
    return { decisionId, kind: 'invalidate', parameters: { app, code, events: [...of.lines.keys()].map(eventNamed) } };
  }
  const { fromDay: from, toDay: to, adUnitId, eventType } = of;
  const ad_unit = adUnitId ?? undefined;
  const slice = { from, to, ad_unit, type: eventType ?? undefined };
  return { decisionId, kind: 'invalidate', parameters: JSON.parse(JSON.stringify({ app, code, slice })) };
}

/** Of two persons, as soon as there are any; what it does is done already. */
async function putOnRecord(
  tx: pg.ClientBase,
  applied: Pick<Decision, 'decisionId' | 'kind' | 'parameters'>,
  at: Date,
): Promise<void> {
  if (!(await anyPersons(tx))) return;
  const proposal = {
    ...applied,
    reason: 'a test',
    evidence: [],
    expiresAt: null,
    proposedBy: 'li.wei',
    proposedAt: at,
  };
  await insertDecision(tx, proposal);
  const outcome = { outcome: 'applied', actor: 'wang.fang', note: null, decidedAt: at } as const;
  await insertOutcome(tx, { ...proposal, outcome }, outcome);
}

export function ledgerText(row: Omit<LedgerRow, 'transferId' | 'correctsId' | 'runId'>): string {
  const { developerId, appId, businessDay, period, currency, debit, credit, amountNanos, reason, version } = row;
  return `${businessDay} ${developerId} ${appId} ${reason} v${version}: ${debit} > ${credit} ${amountNanos} ${currency} in ${period}`;
}

/** Of a decimal string with at most nine decimals. */
export function nanosOf(amount: string): bigint {
  const [whole = '', fraction = ''] = amount.replace('-', '').split('.');
  const magnitude = BigInt(whole + fraction.padEnd(9, '0'));
  return amount.startsWith('-') ? -magnitude : magnitude;
}

const EMPTY_ALL = `
do $$
declare
  partition regclass;
  tables text;
  guard record;
begin
  for partition in select inhrelid::regclass from pg_inherits where inhparent = 'apportion.transfers'::regclass loop
    execute format('drop table %s', partition);
  end loop;
  select string_agg(format('apportion.%I', tablename), ', ') into tables
  from pg_tables
  where schemaname = 'apportion' and tablename not in ('transfers', 'installation', 'migrations');
  -- Records refuse to be emptied, which only their owner can switch off for a moment.
  for guard in select tgrelid::regclass as guarded, tgname as name from pg_trigger
    where tgfoid in (to_regproc('apportion.refuse_record_change'), to_regproc('apportion.refuse_ledger_change')) loop
    execute format('alter table %s disable trigger %I', guard.guarded, guard.name);
  end loop;
  execute 'truncate ' || tables;
  for guard in select tgrelid::regclass as guarded, tgname as name from pg_trigger
    where tgfoid in (to_regproc('apportion.refuse_record_change'), to_regproc('apportion.refuse_ledger_change')) loop
    execute format('alter table %s enable always trigger %I', guard.guarded, guard.name);
  end loop;
end
$$`;
