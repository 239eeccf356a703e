import type pg from 'pg';
import type { z } from 'zod';
import type { Database } from '../db/database.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import type { OwnerId } from '../domain/ids.ts';
import type { DueExtent } from '../earnings/due-days.ts';
import type { PlannedTransfer } from '../ledger/decision-transfers.ts';
import type { AccountMovement } from '../ledger/moved-by-runs.ts';
import type { Evidence } from './decision.ts';
import type { Role } from './person.ts';

/** What a kind may know besides its parameters. */
export interface KindContext {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly at: Date;
  /** Where a kind that reads very much may ask for a second connection. */
  readonly helper?: Pick<Database, 'snapshot'>;
}

/** What a decision would do if it were approved now. */
export interface Effects {
  /** What it posts, in the order of its parameters. */
  readonly transfers: readonly PlannedTransfer[];
  /** What it marks due, for the next run to post. */
  readonly due: readonly DueExtent[];
  /** What has to be done first, for now it would be refused; the proposal may stand meanwhile. */
  readonly blocks?: readonly { readonly code: string; readonly message: string }[];
  /** Of a kind that moves too much to list it, instead of the transfers. */
  readonly summary?: Summary;
}

/** What a decision on many books comes to. */
export interface Summary {
  /** By currency and account, over all books. */
  readonly moved: readonly AccountMovement[];
  /** What becomes of what it names, a sentence each. */
  readonly notes: readonly string[];
}

/** What a decision holds on to until it is committed; taken in this order, the buckets in theirs. */
export interface Locks {
  readonly reference: 'shared' | 'exclusive';
  /** Whose turns it needs, in any order. */
  readonly buckets: readonly number[];
}

/** A file beside the one that proposes. */
export interface FileBeside {
  readonly text: string;
  readonly source: string;
  readonly evidence: Evidence;
}

/** A decision that is about to be applied. */
export interface ApprovedDecision<Parameters> {
  readonly decisionId: string;
  readonly parameters: Parameters;
  readonly proposedBy: string;
  readonly proposedAt: Date;
  readonly approvedBy: string;
  readonly reason: string;
}

/** One kind of decision: what it is told, and what it does to money. */
export interface DecisionKind<Parameters = unknown> {
  /** As in `"kind": "adjust"`. */
  readonly name: string;
  /** The parameters as they are stored, which it takes as they are; its messages are remedies. */
  readonly parameters: z.ZodType<Parameters>;
  /** Finance and operators, unless given. */
  readonly proposers?: readonly Role[];
  /** Approvers, unless given. */
  readonly approvers?: readonly Role[];
  /**
   * Puts in what the parameters of a file only name, such as the rows of a CSV file beside it, before they are judged. Changes nothing.
   * @throws Refusal what is wrong with that file
   */
  complete?(
    tx: pg.ClientBase,
    parameters: unknown,
    beside: (name: string) => Promise<FileBeside>,
    context: Pick<KindContext, 'at' | 'calendar'>,
  ): Promise<{ readonly parameters: unknown; readonly evidence: readonly Evidence[] }>;
  locks(parameters: Parameters, context: KindContext): Locks;
  /** The days by which its transfers would be filed, for the ledger to make room before the transaction. */
  ledgerDays?(parameters: Parameters, context: KindContext): readonly BusinessDay[];
  /** What it would do now; throws a Refusal with the reason if it can't be done. Changes nothing. */
  preview(
    tx: pg.ClientBase,
    parameters: Parameters,
    context: KindContext & { readonly proposedAt: Date },
  ): Promise<Effects>;
  /** Does what `preview` tells, under the locks; throws a Refusal with the reason if it can't be done. */
  apply(tx: pg.ClientBase, decision: ApprovedDecision<Parameters>, context: KindContext): Promise<void>;
  /** What the ledger must hold of it once it is applied; nothing for a kind that leaves the posting to a run. */
  posted?(parameters: Parameters): readonly PlannedTransfer[];
  /** Of a kind whose effects are a summary: what it came to, once it is applied. */
  summary?(
    tx: pg.ClientBase,
    decision: Pick<ApprovedDecision<Parameters>, 'decisionId' | 'parameters'>,
  ): Promise<Summary>;
  /** Of a kind that moves money which is kept back: the book. What it posted follows from the holds on record, not from it alone. */
  keepsBackIn?(parameters: Parameters): OwnerId;
}
