import type pg from 'pg';
import { addDays, type BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { nextPeriod, type Period, periodOf } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';
import { type PeriodSeal, periodSeals } from '../ledger/period-closings.ts';
import type { Block, ClosingContext } from './closing.ts';
import { closingOrder } from './closing-orders.ts';
import { lastDayOf, nextToClose } from './period-order.ts';
import { whatBlocks } from './what-blocks.ts';

/** A half-month, open or closed. */
export interface PeriodRow {
  readonly period: Period;
  /** `open`: not over yet; `over`: can be closed, or what blocks it says why not; `closed`. */
  readonly state: 'open' | 'over' | 'closed';
  readonly last_day: BusinessDay;
  /** From which day on the standing order closes it; null without one, and once it is closed. */
  readonly closes_on: BusinessDay | null;
  /** What has to be done before it can be closed now. */
  readonly blocks: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
  /** The digest in hex; null while it is open, as all below. */
  readonly seal: string | null;
  readonly seal_no: number | null;
  readonly previous_seal: string | null;
  readonly transfers: number | null;
  readonly books: number | null;
  /** What it moved on each kind of account. */
  readonly totals: readonly { readonly account: AccountKind; readonly debits: Money; readonly credits: Money }[] | null;
  readonly cut: string | null;
  readonly closed_at: string | null;
  readonly decision_id: string | null;
}

const CURSOR = [/^\d{4}-\d\d-H[12]$/];

/** Half-months from the first closed or earned one to the present one, the last first. Refuses (`bad_limit`, `bad_cursor`). */
export async function listPeriods(
  tx: pg.ClientBase,
  context: ClosingContext,
  { limit = DEFAULT_LIMIT, after }: { readonly limit?: number; readonly after?: string | undefined } = {},
): Promise<{ items: PeriodRow[]; next: string | null }> {
  const [before] = after === undefined ? [null] : readCursor(after, CURSOR);
  const most = checkLimit(limit);
  const closed = (await periodSeals(tx)).map(closedRow);
  const rows = [...closed, ...(await openRows(tx, context))].reverse();
  const wanted = rows.filter(row => before === null || before === undefined || row.period < before);
  const items = wanted.slice(0, most);
  const last = items.at(-1);
  return { items, next: wanted.length > most && last !== undefined ? writeCursor([last.period]) : null };
}

async function openRows(tx: pg.ClientBase, { bucketCount, calendar, at }: ClosingContext): Promise<PeriodRow[]> {
  const first = await nextToClose(tx, { bucketCount });
  if (first === null) return [];
  const afterDays = (await closingOrder(tx))?.afterDays ?? null;
  const today = calendar.dayOf(at.getTime());
  const rows: PeriodRow[] = [];
  for (let period = first; period <= periodOf(today); period = nextPeriod(period)) {
    const lastDay = lastDayOf(period);
    const isOver = today > lastDay;
    rows.push({
      ...{ period, state: isOver ? 'over' : 'open', last_day: lastDay, ...NOT_CLOSED },
      closes_on: afterDays === null ? null : addDays(lastDay, afterDays + 1),
      blocks: !isOver ? [] : period === first ? await whatBlocks(tx, { period, cut: at }) : [opensBefore(first)],
    });
  }
  return rows;
}

const NOT_CLOSED = {
  ...{ seal: null, seal_no: null, previous_seal: null, transfers: null, books: null, totals: null },
  ...{ cut: null, closed_at: null, decision_id: null },
};

function opensBefore(first: Period): Pick<Block, 'message' | 'remedy'> & { readonly code: string } {
  return { code: 'period_skipped', message: `${first} is open`, remedy: `close ${first} first` };
}

export function closedRow(seal: PeriodSeal): PeriodRow {
  return {
    period: seal.period,
    state: 'closed',
    last_day: lastDayOf(seal.period),
    closes_on: null,
    blocks: [],
    seal: seal.digest,
    seal_no: seal.sealNo,
    previous_seal: seal.previousDigest,
    transfers: seal.transfers,
    books: seal.books,
    totals: seal.totals.map(({ account, currency, debitNanos, creditNanos }) => ({
      account,
      debits: money(debitNanos, currency),
      credits: money(creditNanos, currency),
    })),
    cut: seal.cut.toISOString(),
    closed_at: seal.closedAt.toISOString(),
    decision_id: seal.decisionId,
  };
}
