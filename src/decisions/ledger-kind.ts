import type pg from 'pg';
import type { z } from 'zod';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { PlannedTransfer } from '../ledger/decision-transfers.ts';
import { postDecision } from '../ledger/decision-transfers.ts';
import type { DecisionKind, KindContext } from './kind.ts';

interface LedgerKind<Parameters> extends Pick<DecisionKind<Parameters>, 'complete' | 'proposers' | 'approvers'> {
  readonly name: string;
  readonly parameters: z.ZodType<Parameters>;
  /** What it moves: the same whenever it is asked. */
  transfers(parameters: Parameters): readonly PlannedTransfer[];
  /** Throws a Refusal with the reason if that can't be done now. */
  check(tx: pg.ClientBase, parameters: Parameters, context: KindContext): Promise<void>;
}

/** A kind that posts transfers which its parameters alone determine, so that its proposal shows exactly what its approval posts. */
export function ledgerKind<Parameters>(kind: LedgerKind<Parameters>): DecisionKind<Parameters> {
  const { transfers, check, ...named } = kind;
  return {
    ...named,
    locks: (parameters, { bucketCount }) => ({
      reference: 'shared',
      buckets: transfers(parameters).map(each => bucketOf(each.ownerId, bucketCount)),
    }),
    ledgerDays: (parameters, { calendar, at }) => ledgerDays(transfers(parameters), calendar.dayOf(at.getTime())),
    preview: async (tx, parameters, context) => {
      await check(tx, parameters, context);
      return { transfers: transfers(parameters), due: [] };
    },
    apply: async (tx, { decisionId, parameters }, context) => {
      await check(tx, parameters, context);
      await postDecision(tx, { decisionId, ...context }, transfers(parameters));
    },
    posted: transfers,
  };
}

function ledgerDays(transfers: readonly PlannedTransfer[], bookingDay: BusinessDay): BusinessDay[] {
  return [...new Set(transfers.map(each => each.businessDay ?? bookingDay))];
}
