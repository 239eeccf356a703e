import { getNextMillis, type JobSchedulerTemplateOptions, type RepeatOptions } from 'bullmq';
import { Refusal } from '../domain/errors.ts';
import type { AnyQueue } from './backend.ts';
import { NIGHTLY, SWEEP } from './names.ts';

export interface Schedules {
  readonly sweepEveryMs: number;
  /** A cron pattern, on the clock of an IANA time zone. */
  readonly nightly: { readonly pattern: string; readonly tz: string };
}

type Repeat = Pick<RepeatOptions, 'every' | 'pattern' | 'tz'>;

/** @throws Refusal `bad_schedule` (exit code 2) when the nightly run would never come */
export function checkSchedules({ nightly }: Schedules): void {
  const { pattern, tz } = nightly;
  let reason = 'it names no instant';
  try {
    if (Number.isFinite(getNextMillis(Date.now(), { pattern, tz }))) return;
  } catch (error) {
    if (error instanceof Error) reason = error.message;
  }
  throw new Refusal({
    code: 'bad_schedule',
    message: `The nightly schedule "${pattern}" in ${tz} can't be used: ${reason}`,
    remedy: 'give a cron pattern such as "30 3 * * *" and an IANA time zone',
    details: { pattern, tz },
    exitCode: 2,
  });
}

/** Upserts both schedulers; `retried` are the options of a job that is tried until it succeeds. */
export async function putSchedulers(
  queue: AnyQueue,
  { sweepEveryMs, nightly }: Schedules,
  retried: JobSchedulerTemplateOptions,
): Promise<void> {
  // A failed sweep is made good by the next one; the nightly run has no next one for a day.
  await put(queue, SWEEP, { every: sweepEveryMs }, { ...retried, attempts: 1 });
  await put(queue, NIGHTLY, { pattern: nightly.pattern, tz: nightly.tz }, retried);
}

/** Leaves a scheduler alone that already runs as asked: an upsert would drop its next job, even one that fell due while nobody worked. */
async function put(queue: AnyQueue, id: string, repeat: Repeat, options: JobSchedulerTemplateOptions): Promise<void> {
  const present = await queue.getJobScheduler(id);
  const same = present?.every === repeat.every && present?.pattern === repeat.pattern && present?.tz === repeat.tz;
  if (same && present?.next !== undefined && (await queue.getJob(`repeat:${id}:${present.next}`)) !== undefined) return;
  await queue.upsertJobScheduler(id, repeat, { name: id, opts: options });
}
