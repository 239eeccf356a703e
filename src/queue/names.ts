import { z } from 'zod';

/** The most groups that a configuration may ask for; the Postgres backend is prepared for all of them. */
export const MAX_GROUPS = 64;

/** Stands before every key in Redis, so that a server may be shared with other programs. */
export const KEY_PREFIX = 'apportion';

const batchJob = z.object({ bucket: z.int().nonnegative(), batchId: z.string().min(1) });
const settleJob = z.object({ runId: z.string().min(1), businessDay: z.iso.date(), bucket: z.int().nonnegative() });

/** A claim check: it names a batch of the inbox and never holds its events. */
export type BatchJob = z.infer<typeof batchJob>;
/** One bucket's part of a settlement run. */
export type SettleJob = z.infer<typeof settleJob>;

export type BucketedKind = 'events' | 'settlement';

/** The jobs of the maintenance queue; each name is also its scheduler's id. */
export const SWEEP = 'sweep';
export const NIGHTLY = 'nightly';
export const HALF_MONTHLY = 'half-monthly';

/** The braces are a Redis Cluster hash tag: all keys of one queue lie on one shard, and groups spread over the shards. */
export const MAINTENANCE_QUEUE = '{maintenance}';

export function queueName(kind: BucketedKind, group: number): string {
  return `{${kind}-${group}}`;
}

/** All queues of a kind, in the order of their groups. */
export function queueNames(kind: BucketedKind, groups: number): string[] {
  if (!Number.isInteger(groups) || groups < 1 || groups > MAX_GROUPS) {
    throw new Error(`queue groups must be 1 to ${MAX_GROUPS}, got ${groups}`);
  }
  return Array.from({ length: groups }, (_, group) => queueName(kind, group));
}

/** BullMQ takes no integer for an id, nor one with a colon; the prefix rules out the first. */
export function batchJobId({ batchId }: BatchJob): string {
  return withoutColon(`batch-${batchId}`);
}

export function settleJobId({ runId, businessDay, bucket }: SettleJob): string {
  return withoutColon(`settle-${runId}-${businessDay}-${bucket}`);
}

export function parseBatchJob(data: unknown): BatchJob {
  return batchJob.parse(data);
}

export function parseSettleJob(data: unknown): SettleJob {
  return settleJob.parse(data);
}

function withoutColon(id: string): string {
  if (id.includes(':')) throw new Error(`a job's id can't contain a colon: ${id}`);
  return id;
}
