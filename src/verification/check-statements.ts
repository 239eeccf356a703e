import { zstdDecompressSync } from 'node:zlib';
import type pg from 'pg';
import { bucketOf } from '../domain/bucket.ts';
import { parseAmount } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';
import { type MovedInPeriod, movedByPeriod } from '../ledger/moved-by-period.ts';
import { periodSeals } from '../ledger/period-closings.ts';
import { changeOfBalance } from '../statements/half-statement.ts';
import {
  digestOfAll,
  digestOfLine,
  type IssuedStatement,
  issuedOfBucket,
  type StatementIssue,
  statementIssues,
} from '../statements/issued-statements.ts';
import type { CurrencyStatement, Statement } from '../statements/statement-form.ts';
import { type Difference, NOTHING } from './difference.ts';

interface Check {
  readonly bucket: number;
  readonly bucketCount: number;
  readonly report: (difference: Difference) => void;
}

/**
 * Compares a bucket's issued statements with their digests, the seals of their periods and the ledger: of every book that anything
 * moved in there is one, each begins with what the ledger says the one before ended with, and its lines come to what moved.
 */
export async function checkStatements(client: pg.ClientBase, check: Check): Promise<void> {
  const { bucket, report } = check;
  const issues = new Map((await statementIssues(client, { bucket })).map(issue => [issue.period, issue]));
  const ledger = issues.size === 0 ? [] : await movedByPeriod(client, bucket);
  const books = Map.groupBy(ledger, each => each.ownerId);
  const digests = new Map<Period, string[]>([...issues.keys()].map(period => [period, []]));
  const stated = new Set<string>();
  for await (const issued of issuedOfBucket(client, bucket)) {
    digests.get(issued.period)?.push(issued.digest);
    stated.add(`${issued.ownerId} ${issued.period}`);
    checkIssued(issued, { ...check, issue: issues.get(issued.period), book: books.get(issued.ownerId) ?? [] });
  }
  const closed = issues.size === 0 ? [] : await periodSeals(client);
  const seals = new Map(closed.map(seal => [seal.period, seal.digest]));
  for (const issue of issues.values()) checkIssue(issue, { ...check, seals, digests: digests.get(issue.period) ?? [] });
  for (const { ownerId, period, payableNanos, grossNanos } of ledger) {
    const isTold = payableNanos !== 0n || grossNanos !== 0n;
    if (!isTold || !issues.has(period) || stated.has(`${ownerId} ${period}`)) continue;
    const where = `${ownerId} ${period}`;
    report({ table: 'issued_statements', where, expected: 'a statement of what moved', found: NOTHING });
  }
}

function checkIssue(
  issue: StatementIssue,
  {
    bucket,
    report,
    seals,
    digests,
  }: Check & { readonly seals: ReadonlyMap<Period, string>; readonly digests: readonly string[] },
): void {
  const where = `bucket ${bucket} ${issue.period}`;
  const tell = ({ statements, digest, seal }: Omit<StatementIssue, 'bucket' | 'period' | 'issuedAt'>) =>
    `${statements} statements of digest ${digest} under the seal ${seal}`;
  const expected = tell({
    statements: digests.length,
    digest: digestOfAll(digests),
    seal: seals.get(issue.period) ?? 'of no closed period',
  });
  if (tell(issue) !== expected) report({ table: 'statement_issues', where, expected, found: tell(issue) });
}

interface IssuedCheck extends Check {
  readonly issue: StatementIssue | undefined;
  /** What moved in the book, by currency and period. */
  readonly book: readonly MovedInPeriod[];
}

function checkIssued(issued: IssuedStatement, { bucket, bucketCount, issue, book, report }: IssuedCheck): void {
  const where = `${issued.ownerId} ${issued.period}`;
  const differs = (expected: string, found: string) => report({ table: 'issued_statements', where, expected, found });
  const statement = readLine(issued);
  if (statement === null) {
    differs(`a statement of digest ${issued.digest}`, 'another one');
    return;
  }
  if (issue === undefined || bucketOf(issued.ownerId, bucketCount) !== bucket) {
    differs(NOTHING, 'a statement');
    return;
  }
  const owner = 'developer' in statement ? statement.developer : statement.provider;
  const [half] = statement.halves;
  const told = `of ${owner.id} for ${statement.period.id}, issued ${half?.issued_at} under the seal ${half?.seal}`;
  const wanted = `of ${issued.ownerId} for ${issued.period}, issued ${issue.issuedAt.toISOString()} under the seal ${issue.seal}`;
  if (told !== wanted) differs(wanted, told);
  const currencies = new Set([...book.map(each => each.currency), ...statement.items.map(item => item.currency)]);
  for (const currency of currencies) {
    const moved = book.filter(each => each.currency === currency);
    const expected = tellBalances(currency, fromLedger(moved, issued.period));
    const found = tellBalances(currency, fromStatement(statement, currency));
    if (found !== expected) differs(expected, found);
  }
}

/** Null where it is not the line that was digested. */
function readLine({ content, digest }: IssuedStatement): Statement | null {
  try {
    const line = zstdDecompressSync(content);
    return digestOfLine(line) === digest ? (JSON.parse(line.toString()) as Statement) : null;
  } catch {
    return null;
  }
}

interface Balances {
  readonly openingNanos: bigint;
  readonly movedNanos: bigint;
  readonly closingNanos: bigint;
  /** Nothing in a service provider's book. */
  readonly grossNanos: bigint;
}

const NONE: Balances = { openingNanos: 0n, movedNanos: 0n, closingNanos: 0n, grossNanos: 0n };

function fromLedger(moved: readonly MovedInPeriod[], period: Period): Balances {
  const sum = (rows: readonly MovedInPeriod[]) => rows.reduce<bigint>((total, row) => total + row.payableNanos, 0n);
  const openingNanos = sum(moved.filter(each => each.period < period));
  const own = moved.filter(each => each.period === period);
  const movedNanos = sum(own);
  const grossNanos = own.reduce<bigint>((total, row) => total + row.grossNanos, 0n);
  return { openingNanos, movedNanos, closingNanos: openingNanos + movedNanos, grossNanos };
}

function fromStatement(statement: Statement, currency: string): Balances {
  if ('developer' in statement) {
    const item = statement.items.find(each => each.currency === currency);
    if (item === undefined) return NONE;
    const late = item.late_differences.reduce((sum, each) => sum + parseAmount(each.gross?.amount ?? '0'), 0n);
    const grossNanos = parseAmount(item.totals.gross.amount) + late;
    return balancesOf(item, { grossNanos, shareNanos: parseAmount(item.totals.developer_share.amount) });
  }
  const item = statement.items.find(each => each.currency === currency);
  if (item === undefined) return NONE;
  return balancesOf(item, { grossNanos: 0n, shareNanos: parseAmount(item.totals.provider_share.amount) });
}

function balancesOf(
  item: CurrencyStatement<unknown, unknown>,
  { grossNanos, shareNanos }: { readonly grossNanos: bigint; readonly shareNanos: bigint },
): Balances {
  return {
    openingNanos: parseAmount(item.opening_balance.amount),
    movedNanos: changeOfBalance(item, shareNanos),
    closingNanos: parseAmount(item.closing_balance.amount),
    grossNanos,
  };
}

function tellBalances(currency: string, { openingNanos, movedNanos, closingNanos, grossNanos }: Balances): string {
  return `${openingNanos} + ${movedNanos} = ${closingNanos} nanos ${currency}, of a gross of ${grossNanos}`;
}
