import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { z } from 'zod';
import { lockReference } from '../catalog/reference-version.ts';
import { dryRun } from '../db/dry-run.ts';
import type { DueExtent } from '../earnings/due-days.ts';
import type { ApprovedDecision, DecisionKind, KindContext } from './kind.ts';

interface ReferenceKind<Parameters> extends Pick<DecisionKind<Parameters>, 'complete' | 'proposers' | 'approvers'> {
  readonly name: string;
  readonly parameters: z.ZodType<Parameters>;
  /**
   * Records it under the next reference version and marks due what it changes, which it returns; throws a Refusal with the reason
   * if that can't be done. The reference lock is held exclusively.
   */
  record(
    tx: pg.ClientBase,
    parameters: Parameters,
    context: KindContext & Pick<ApprovedDecision<Parameters>, 'decisionId' | 'proposedBy'>,
  ): Promise<readonly DueExtent[]>;
}

/** A kind that changes what days are worth and leaves the posting to the next run. Its preview does it all and takes it back. */
export function referenceKind<Parameters>({ record, ...named }: ReferenceKind<Parameters>): DecisionKind<Parameters> {
  return {
    ...named,
    locks: () => ({ reference: 'exclusive', buckets: [] }),
    preview: async (tx, parameters, context) =>
      await dryRun(tx, async () => {
        await lockReference(tx, 'exclusive');
        const due = await record(tx, parameters, { ...context, decisionId: randomUUIDv7(), proposedBy: 'preview' });
        return { transfers: [], due: [...new Map(due.map(extent => [JSON.stringify(extent), extent])).values()] };
      }),
    apply: async (tx, { parameters, decisionId, proposedBy }, context) => {
      await record(tx, parameters, { ...context, decisionId, proposedBy });
    },
  };
}

const withFile = z.looseObject({ file: z.string() });

/** The file beside the proposal that the parameters name instead of what it holds; null if they name none. */
export function fileNamed(parameters: unknown): string | null {
  return withFile.safeParse(parameters).data?.file ?? null;
}
