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
type SealWithInstants = PeriodSeal & { readonly cutMicros: string; readonly closedAtMicros: string };

/** Digests of a period's buckets, found in three ways that must all come to the period's own. */
interface BucketDigests {
  readonly fromTransfers: Pick<BucketSeal, 'bucket' | 'digest'>[];
  readonly fromBooks: Pick<BucketSeal, 'bucket' | 'digest'>[];
  readonly stored: Pick<BucketSeal, 'bucket' | 'digest'>[];
  readonly totals: PeriodTotal[];
}

/**
 * Recomputes seals from transfers upwards, bucket by bucket, and the chain of periods at the end: what was changed anywhere is told by
 * the seals that cover it (its book's, its bucket's, its period's) and by no other.
 */
export class SealCheck {
  readonly #seals: readonly SealWithInstants[];
  readonly #report: Report;
  readonly #digests: ReadonlyMap<Period, BucketDigests>;

  private constructor(seals: readonly SealWithInstants[], report: Report) {
    this.#seals = seals;
    this.#report = report;
    this.#digests = new Map(
      seals.map(({ period }) => [period, { fromTransfers: [], fromBooks: [], stored: [], totals: [] }]),
    );
  }

  /** Of the periods that are closed now; what is closed meanwhile is left for the next time. */
  static async open(client: pg.ClientBase, report: Report): Promise<SealCheck> {
    const instants = await instantsOfSeals(client);
    const seals = (await periodSeals(client)).map(seal => ({
      ...seal,
      ...(instants.get(seal.period) ?? { cutMicros: '', closedAtMicros: '' }),
    }));
    return new SealCheck(seals, report);
  }

  /** Compares the seals of a bucket and its books with the transfers. */
  async checkBucket(client: pg.ClientBase, bucket: number): Promise<void> {
    const last = this.#seals.at(-1);
    if (last === undefined) return;
    const upTo = { bucket, period: last.period };
    const bookSeals = Map.groupBy(await bookSealsUpTo(client, upTo), each => each.period);
    const bucketSeals = new Map((await bucketSealsUpTo(client, upTo)).map(each => [each.period, each]));
    const standing = new Standing();
    for (const { period } of this.#seals) {
      const moved = await movedBooks(client, { bucket, period });
      const stored = bookSeals.get(period) ?? [];
      const where = `${period} bucket ${bucket}`;
      const books = checkBooks({ moved, stored, standing }, { where, report: this.#report });
      const fromTransfers = sealBucket(bucket, books);
      const fromBooks = sealBucket(bucket, stored);
      const seal = bucketSeals.get(period);
      const wrong = [fromTransfers, fromBooks].find(each => tellBucket(each) !== tellBucket(seal));
      if (wrong !== undefined) {
        this.#report({ table: 'bucket_seals', where, expected: tellBucket(wrong), found: tellBucket(seal) });
      }
      const digests = this.#digests.get(period);
      digests?.fromTransfers.push(fromTransfers);
      digests?.fromBooks.push(fromBooks);
      if (seal !== undefined) digests?.stored.push(seal);
      digests?.totals.push(...totalsOf(moved));
    }
  }

  /** Compares the periods' seals with those of their buckets and with the one before; call it once, after all buckets. */
  checkChain(): void {
    let before: { readonly seal: PeriodSeal; readonly digest: string } | null = null;
    for (const seal of this.#seals) {
      const { fromTransfers, fromBooks, stored, totals } = this.#digests.get(seal.period) as BucketDigests;
      const report = (expected: string, found: string) =>
        this.#report({ table: 'period_seals', where: seal.period, expected, found });
      const digests = [fromTransfers, fromBooks, stored].map(buckets => periodDigest(seal, buckets));
      const wrong = digests.find(digest => digest !== seal.digest);
      if (wrong !== undefined) report(`digest ${wrong}`, `digest ${seal.digest}`);
      else if (tellTotals(sumOfTotals(totals)) !== tellTotals(seal.totals)) {
        report(tellTotals(sumOfTotals(totals)), tellTotals(seal.totals));
      }
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
