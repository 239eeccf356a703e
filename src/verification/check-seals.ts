import type pg from 'pg';
import { nextPeriod, type Period } from '../domain/period.ts';
import { type PeriodSeal, type PeriodTotal, periodSeals } from '../ledger/period-closings.ts';
import {
  type Balances,
  type BookSeal,
  type BucketSeal,
  periodDigest,
  sealBook,
  sealBucket,
  storedTotals,
  sumOfTotals,
  totalsOf,
} from '../ledger/seal.ts';
import { type MovedBook, movedBooks } from '../ledger/sealed-books.ts';
import { bookSealsUpTo, bucketSealsUpTo, instantsOfSeals } from '../ledger/stored-seals.ts';
import { type Difference, NOTHING } from './difference.ts';

type Report = (difference: Difference) => void;
/** The seal of a closed period, with its instants to the microsecond. */
export type SealToCheck = PeriodSeal & { readonly cutMicros: string; readonly closedAtMicros: string };

type BucketDigest = Pick<BucketSeal, 'bucket' | 'digest'>;

/** Digests of a bucket's period, found in three ways that must all come to the period's own. */
export interface DigestsOfBucket {
  readonly period: Period;
  readonly fromTransfers: BucketDigest;
  readonly fromBooks: BucketDigest;
  readonly stored: BucketDigest | null;
  readonly totals: readonly PeriodTotal[];
}

/** Of the periods that are closed now; what is closed meanwhile is left for the next time. */
export async function sealsToCheck(client: pg.ClientBase): Promise<SealToCheck[]> {
  const instants = await instantsOfSeals(client);
  return (await periodSeals(client)).map(seal => ({
    ...seal,
    ...(instants.get(seal.period) ?? { cutMicros: '', closedAtMicros: '' }),
  }));
}

/**
 * Recomputes the seals of a bucket and its books from transfers upwards: what was changed anywhere is told by the seals that cover it
 * (its book's, its bucket's, its period's) and by no other.
 */
export async function checkBucketSeals(
  client: pg.ClientBase,
  {
    bucket,
    seals,
    report,
  }: { readonly bucket: number; readonly seals: readonly SealToCheck[]; readonly report: Report },
): Promise<DigestsOfBucket[]> {
  const last = seals.at(-1);
  if (last === undefined) return [];
  const upTo = { bucket, period: last.period };
  const bookSeals = Map.groupBy(await bookSealsUpTo(client, upTo), each => each.period);
  const bucketSeals = new Map((await bucketSealsUpTo(client, upTo)).map(each => [each.period, each]));
  const standing = new Standing();
  const digests: DigestsOfBucket[] = [];
  for (const { period } of seals) {
    const moved = await movedBooks(client, { bucket, period });
    const stored = bookSeals.get(period) ?? [];
    const where = `${period} bucket ${bucket}`;
    const books = checkBooks({ moved, stored, standing }, { where, report });
    const fromTransfers = sealBucket(bucket, books);
    const fromBooks = sealBucket(bucket, stored);
    const seal = bucketSeals.get(period);
    const wrong = [fromTransfers, fromBooks].find(each => tellBucket(each) !== tellBucket(seal));
    if (wrong !== undefined) {
      report({ table: 'bucket_seals', where, expected: tellBucket(wrong), found: tellBucket(seal) });
    }
    digests.push({ period, fromTransfers, fromBooks, stored: seal ?? null, totals: totalsOf(moved) });
  }
  return digests;
}

/** The seals of the periods, each over those of its buckets and on the one before. */
export class SealChain {
  readonly #seals: readonly SealToCheck[];
  readonly #digests: ReadonlyMap<Period, DigestsOfBucket[]>;

  constructor(seals: readonly SealToCheck[]) {
    this.#seals = seals;
    this.#digests = new Map(seals.map(({ period }) => [period, []]));
  }

  /** What was found of the next bucket. */
  add(digests: readonly DigestsOfBucket[]): void {
    for (const each of digests) this.#digests.get(each.period)?.push(each);
  }

  /** Compares them once all buckets are there. */
  check(tell: Report): void {
    let before: { readonly seal: PeriodSeal; readonly digest: string } | null = null;
    for (const seal of this.#seals) {
      const buckets = this.#digests.get(seal.period) ?? [];
      const report = (expected: string, found: string) =>
        tell({ table: 'period_seals', where: seal.period, expected, found });
      const digests = [
        buckets.map(each => each.fromTransfers),
        buckets.map(each => each.fromBooks),
        buckets.flatMap(each => each.stored ?? []),
      ].map(ofBuckets => periodDigest(seal, ofBuckets));
      const totals = sumOfTotals(buckets.flatMap(each => each.totals));
      const wrong = digests.find(digest => digest !== seal.digest);
      if (wrong !== undefined) report(`digest ${wrong}`, `digest ${seal.digest}`);
      else if (tellTotals(totals) !== tellTotals(seal.totals)) report(tellTotals(totals), tellTotals(seal.totals));
      const follows: readonly (string | null)[] = before === null ? [null] : [before.seal.digest, before.digest];
      if (!follows.includes(seal.previousDigest)) report(`a seal on ${follows[0]}`, `one on ${seal.previousDigest}`);
      const sealNo = (before?.seal.sealNo ?? 0) + 1;
      if (seal.sealNo !== sealNo) report(`seal ${sealNo}`, `seal ${seal.sealNo}`);
      const period = before === null ? seal.period : nextPeriod(before.seal.period);
      if (seal.period !== period) report(period, seal.period);
      before = { seal, digest: digests[0] ?? '' };
    }
  }
}

/** What may have stood on the accounts of books so far; more than one thing where a seal or what it covers was changed. */
class Standing {
  readonly #candidates = new Map<string, readonly Balances[]>();

  of(book: BookKey): readonly Balances[] {
    return this.#candidates.get(keyOf(book)) ?? [{}];
  }

  /** The seals that a book's movements may make of what stood there before. */
  after(book: MovedBook): readonly [BookSeal, ...BookSeal[]] {
    const [first = {}, ...others] = this.of(book);
    return [sealBook(book, first), ...others.map(before => sealBook(book, before))];
  }

  set(book: BookKey, candidates: readonly Balances[]): void {
    this.#candidates.set(keyOf(book), candidates.slice(0, MOST_CANDIDATES));
  }
}

/** Where every period of a book is wrong, they would double with each. */
const MOST_CANDIDATES = 8;

type BookKey = Pick<BookSeal, 'ownerId' | 'currency'>;

/** Tells of books whose seals are wrong. Returns the seals that the transfers make. */
function checkBooks(
  {
    moved,
    stored,
    standing,
  }: { readonly moved: readonly MovedBook[]; readonly stored: readonly BookSeal[]; readonly standing: Standing },
  { where, report }: { readonly where: string; readonly report: Report },
): BookSeal[] {
  const seals = new Map(stored.map(seal => [keyOf(seal), seal]));
  const wrong = (of: BookSeal, expected: string, found: string) =>
    report({ table: 'book_seals', where: `${where} ${of.ownerId} ${of.currency}`, expected, found });
  const books: BookSeal[] = [];
  for (const book of moved) {
    const possible = standing.after(book);
    const seal = seals.get(keyOf(book));
    seals.delete(keyOf(book));
    const right = possible.find(each => seal !== undefined && tellBook(each) === tellBook(seal));
    books.push(right ?? possible[0]);
    if (right !== undefined) {
      standing.set(book, [right.balances]);
      continue;
    }
    const candidates = possible.map(each => each.balances);
    // Without a seal they may be transfers that nobody sealed: the next seal then goes on from what stood before them.
    standing.set(book, seal === undefined ? [...candidates, ...standing.of(book)] : [seal.balances, ...candidates]);
    wrong(possible[0], tellBook(possible[0]), tellBook(seal));
  }
  for (const seal of seals.values()) {
    standing.set(seal, [seal.balances, ...standing.of(seal)]);
    wrong(seal, NOTHING, tellBook(seal));
  }
  return books;
}

function keyOf({ ownerId, currency }: BookKey): string {
  return `${ownerId}\0${currency}`;
}

function tellBook(seal: BookSeal | undefined): string {
  if (seal === undefined) return NOTHING;
  const balances = Object.entries(seal.balances).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${seal.transfers} transfers, digest ${seal.digest}, balances ${JSON.stringify(Object.fromEntries(balances))}`;
}

function tellBucket(seal: BucketSeal | undefined): string {
  if (seal === undefined) return NOTHING;
  return `${seal.transfers} transfers in ${seal.books} books, digest ${seal.digest}`;
}

function tellTotals(totals: readonly PeriodTotal[]): string {
  return JSON.stringify(
    storedTotals(totals).map(({ currency, account, debits, credits }) => [currency, account, debits, credits]),
  );
}
