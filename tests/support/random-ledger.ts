import { createHash } from 'node:crypto';
import type pg from 'pg';
import { bucketOf } from '../../src/domain/bucket.ts';
import { addDays, type BusinessDay, parseBusinessDay } from '../../src/domain/business-day.ts';
import type { AppId, OwnerId } from '../../src/domain/ids.ts';
import { nanos } from '../../src/domain/nanos.ts';
import type { AccountKind, TransferReason, UnpostedTransfer } from '../../src/domain/transfer.ts';
import { postDecisionTransfers, postTransfers, prepareLedger } from '../../src/ledger/posting.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { shanghai } from './reference-files.ts';

export const BUCKETS = 4;
export const DEVELOPERS = ['dev_a', 'dev_b', 'dev_c', 'dev_d', 'dev_e'];
export const PROVIDERS = ['agency_x', 'agency_y'];
export const FUNDS = ['fund_p'];
export const CURRENCIES = ['CNY', 'USD'];
export const FIRST_DAY = parseBusinessDay('2018-03-27');
const POSTINGS = 70;
/** Before these postings another half-month is closed, so that late differences are filed later than their days. */
const CLOSINGS: ReadonlyMap<number, string> = new Map([
  [35, '2018-03-H2'],
  [55, '2018-04-H1'],
]);

/** A transfer as it is stored, every column of it. */
export interface StoredRow {
  readonly transfer_id: string;
  readonly bucket: number;
  readonly ledger_date: BusinessDay;
  readonly developer_id: string;
  readonly app_id: string | null;
  readonly business_date: BusinessDay | null;
  readonly period: string;
  readonly currency: string;
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  readonly amount: bigint;
  readonly reason: TransferReason;
  readonly run_id: string | null;
  readonly decision_id: string | null;
  readonly link_id: string | null;
  readonly provider_id: string | null;
  readonly fund_id: string | null;
  readonly payout_id: string | null;
  readonly booked_at: Date;
}

/**
 * A ledger in which everything occurs: postings of runs, of funds' steps, of decisions and of files of payouts, in any books, with late
 * differences in periods after their own. It is the same each time.
 */
export async function openRandomLedger(): Promise<{ readonly database: TestDatabase; readonly rows: StoredRow[] }> {
  const database = await createTestDatabase();
  const owner = await database.owner();
  await insertBooks(owner);
  const ledger = new Posting();
  for (let index = 0; index < POSTINGS; index++) {
    const closes = CLOSINGS.get(index);
    if (closes !== undefined) await insertSeal(owner, closes);
    const { transfers, post } = ledger.next(index);
    for (const { ledgerDay } of transfers) await prepareLedger(database.db, ledgerDay);
    await database.db.transaction(tx => post(tx));
  }
  const { rows } = await owner.query<StoredRow & { amount_nanos: string }>(
    'select * from transfers order by ledger_date, bucket, transfer_id',
  );
  return { database, rows: rows.map(row => ({ ...row, amount: BigInt(row.amount_nanos) })) };
}

/** Numbers that only look like chance. */
class Dice {
  #state = 20_180_415;

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  oneOf<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }
}

interface NextPosting {
  readonly transfers: readonly UnpostedTransfer[];
  post(tx: pg.PoolClient): Promise<void>;
}

class Posting {
  readonly #dice = new Dice();
  #ids = 0;

  next(index: number): NextPosting {
    const bookedAt = new Date(Date.parse('2018-03-28T03:00:00+08:00') + index * 9.7 * 3_600_000);
    const id = this.#id();
    const kind = index % 7;
    if (kind === 4) return this.#ofDecision(`decision ${index}`, bookedAt);
    if (kind === 5) return this.#ofPayouts(id, bookedAt);
    return kind === 6 ? this.#ofFund(id, bookedAt) : this.#ofRun(id, bookedAt);
  }

  /** One day of the developers of one bucket, with providers' halves in any. */
  #ofRun(runId: string, bookedAt: Date): NextPosting {
    const dice = this.#dice;
    const bucket = bucketOf(dice.oneOf(DEVELOPERS), BUCKETS);
    const day = addDays(shanghai.dayOf(bookedAt.getTime()), -dice.below(4));
    const transfers = DEVELOPERS.filter(id => bucketOf(id, BUCKETS) === bucket).flatMap(developer => {
      const base = this.#transfer(developer, {
        day,
        appId: `app_${developer.slice(4)}${dice.below(2)}`,
        runId,
        bookedAt,
      });
      const versioned = { ...base, version: ++this.#ids };
      const side = (credit: AccountKind, reason: TransferReason) =>
        dice.below(5) === 0
          ? { debit: credit, credit: 'ad_revenue' as const, reason }
          : { debit: 'ad_revenue' as const, credit, reason };
      const own = [
        { ...versioned, ...side('payable', 'developer_share') },
        { ...versioned, ...side('platform_share', 'platform_share'), id: this.#id(), amountNanos: this.#amount() },
      ];
      if (dice.below(3) > 0) return own;
      const providerId = dice.oneOf(PROVIDERS) as OwnerId;
      const half = { ...versioned, amountNanos: this.#amount(), providerId };
      const [out, into] = [this.#id(), this.#id()];
      const received = { id: into, developerId: providerId, bucket: bucketOf(providerId, BUCKETS), linkId: into };
      return [
        ...own,
        { ...half, debit: 'ad_revenue', credit: 'provider_share', reason: 'provider_share', id: out, linkId: into },
        { ...half, ...received, debit: 'provider_share', credit: 'payable', reason: 'provider_income' },
      ] satisfies UnpostedTransfer[];
    });
    return { transfers, post: async tx => await postTransfers(tx, { bucket, runId }, transfers) };
  }

  /** Awards of several days. */
  #ofFund(grantId: string, bookedAt: Date): NextPosting {
    const dice = this.#dice;
    const fundId = dice.oneOf(FUNDS) as OwnerId;
    const today = shanghai.dayOf(bookedAt.getTime());
    const transfers = Array.from({ length: 1 + dice.below(3) }, (_, back): UnpostedTransfer[] => {
      const developer = dice.oneOf(DEVELOPERS);
      const appId = `app_${developer.slice(4)}0`;
      const base = this.#transfer(fundId, { day: addDays(today, -2 * back), appId, runId: grantId, bookedAt });
      const [out, into] = [this.#id(), this.#id()];
      const award = { ...base, fundId, version: ++this.#ids, linkId: into, currency: 'CNY' };
      const received = { id: into, developerId: developer as OwnerId, bucket: bucketOf(developer, BUCKETS) };
      return [
        { ...award, id: out, debit: 'fund_available', credit: 'incentive', reason: 'award' },
        { ...award, ...received, debit: 'incentive', credit: 'payable', reason: 'incentive' },
      ];
    }).flat();
    const source = { bucket: bucketOf(fundId, BUCKETS), runId: grantId };
    return { transfers, post: async tx => await postTransfers(tx, source, transfers) };
  }

  /** Adjustments, and forfeited money kept, of several days. */
  #ofDecision(decisionId: string, bookedAt: Date): NextPosting {
    const dice = this.#dice;
    const today = shanghai.dayOf(bookedAt.getTime());
    const books = [dice.oneOf(DEVELOPERS), dice.oneOf(PROVIDERS)];
    const transfers = Array.from({ length: 1 + dice.below(12) }, (): UnpostedTransfer => {
      const owner = dice.oneOf(books);
      const businessDay = dice.below(2) === 0 ? null : addDays(today, -dice.below(20));
      const base = { ...this.#transfer(owner, { day: businessDay ?? today, bookedAt }), decisionId, businessDay };
      if (dice.below(2) > 0) return { ...base, debit: 'adjustment', credit: 'payable', reason: 'adjustment' };
      return { ...base, debit: 'forfeited', credit: 'platform_share', reason: 'forfeiture_kept' };
    });
    return { transfers, post: async tx => await postDecisionTransfers(tx, decisionId, transfers) };
  }

  /** Some payouts of a book; some of them come back. */
  #ofPayouts(runId: string, bookedAt: Date): NextPosting {
    const dice = this.#dice;
    const owner = dice.oneOf([...DEVELOPERS, ...PROVIDERS]);
    const today = shanghai.dayOf(bookedAt.getTime());
    const transfers = Array.from({ length: 1 + dice.below(4) }, (): UnpostedTransfer[] => {
      const base = {
        ...this.#transfer(owner, { day: today, runId, bookedAt }),
        businessDay: null,
        payoutId: this.#id(),
      };
      const paid: UnpostedTransfer = { ...base, debit: 'payable', credit: 'payout_due', reason: 'payout' };
      if (dice.below(2) > 0) return [paid];
      const currency = dice.oneOf(CURRENCIES);
      const back = { ...base, id: this.#id(), currency, debit: 'payout_due', credit: 'payable' } as const;
      return [paid, { ...back, reason: 'payout_cancelled' }];
    }).flat();
    const source = { bucket: bucketOf(owner, BUCKETS), runId };
    return { transfers, post: async tx => await postTransfers(tx, source, transfers) };
  }

  #transfer(
    owner: string,
    {
      day,
      appId = null,
      runId = null,
      bookedAt,
    }: {
      readonly day: BusinessDay;
      readonly appId?: string | null;
      readonly runId?: string | null;
      readonly bookedAt: Date;
    },
  ): Omit<UnpostedTransfer, 'debit' | 'credit' | 'reason'> {
    return {
      ...{
        id: this.#id(),
        bucket: bucketOf(owner, BUCKETS),
        developerId: owner as OwnerId,
        appId: appId as AppId | null,
      },
      ...{ businessDay: day, ledgerDay: day, currency: this.#dice.oneOf(CURRENCIES), amountNanos: this.#amount() },
      ...{ runId, decisionId: null, version: null, linkId: null, providerId: null, fundId: null, payoutId: null },
      ...{ correctsId: null, bookedAt },
    };
  }

  #amount() {
    return nanos(BigInt(1 + this.#dice.below(9)) * 10n ** BigInt(this.#dice.below(11)));
  }

  #id(): string {
    this.#ids += 1;
    const digits = createHash('sha256').update(String(this.#ids)).digest('hex');
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-7${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
  }
}

async function insertBooks(owner: pg.Client): Promise<void> {
  await owner.query(
    `insert into reference_versions (reference_version, kind, recorded_at, digest) values (1, 'catalog', now(), '\\x00')`,
  );
  for (const [table, ids] of [
    ['developers', DEVELOPERS],
    ['providers', PROVIDERS],
    ['funds', FUNDS],
  ] as const) {
    await owner.query(`insert into ${table} select unnest($1::text[]), 1`, [ids]);
  }
  const named = `unnest($1::text[]), 1, 'a name', 'company', 'CN'`;
  await owner.query(`insert into developer_versions select ${named}`, [DEVELOPERS]);
  await owner.query(`insert into provider_versions select ${named}`, [PROVIDERS]);
  await owner.query(
    `insert into apps
     select 'app_' || substr(developer_id, 5) || number, developer_id, 1
     from developers, generate_series(0, 1) as number`,
  );
  await owner.query(`insert into persons values ('li.wei', now())`);
  await owner.query(
    `insert into decisions
     values ('closing', 'close_period', '{}', 'a test', '[]', 'li.wei', now(), 'infinity', '\\x00')`,
  );
}

/** No more of a seal than makes its period a closed one. */
async function insertSeal(owner: pg.Client, period: string): Promise<void> {
  await owner.query(
    `insert into period_seals
     select $1, last + 1, case when last > 0 then sha256('') end, sha256(''), 0, 0, '[]', now(), now(), 'closing'
     from (select count(*)::integer as last from period_seals) as seals`,
    [period],
  );
}
