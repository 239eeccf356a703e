import { getNextMillis, type JobSchedulerTemplateOptions, type RepeatOptions } from 'bullmq';
import { Refusal } from '../domain/errors.ts';
import type { AnyQueue } from './backend.ts';
import { HALF_MONTHLY, NIGHTLY, SWEEP } from './names.ts';

/** A cron pattern, on the clock of an IANA time zone. */
export interface Clockwork {
  readonly pattern: string;
  readonly tz: string;
}

export interface Schedules {
  readonly sweepEveryMs: number;
  readonly nightly: Clockwork;
  readonly halfMonthly: Clockwork;
}

type Repeat = Pick<RepeatOptions, 'every' | 'pattern' | 'tz'>;

/** @throws Refusal `bad_schedule` (exit code 2) when one of them would never come */
export function checkSchedules({ nightly, halfMonthly }: Schedules): void {
  checkClockwork('nightly', nightly);
  checkClockwork('half-monthly', halfMonthly);
}

function checkClockwork(name: string, { pattern, tz }: Clockwork): void {
  let reason = 'it names no instant';
  try {
    if (Number.isFinite(getNextMillis(Date.now(), { pattern, tz }))) return;
  } catch (error) {
    if (error instanceof Error) reason = error.message;
  }
  throw new Refusal({
    code: 'bad_schedule',
    message: `The ${name} schedule "${pattern}" in ${tz} can't be used: ${reason}`,
    remedy: 'give a cron pattern such as "30 3 * * *" and an IANA time zone',
    details: { pattern, tz },
    exitCode: 2,
  });
}

/** Upserts the schedulers; `retried` are the options of a job that is tried until it succeeds. */
export async function putSchedulers(
  queue: AnyQueue,
  { sweepEveryMs, nightly, halfMonthly }: Schedules,
  retried: JobSchedulerTemplateOptions,
): Promise<void> {
  // A failed sweep is made good by the next one; the others have no next one for a day.
  await put(queue, SWEEP, { every: sweepEveryMs }, { ...retried, attempts: 1 });
  await put(queue, NIGHTLY, { pattern: nightly.pattern, tz: nightly.tz }, retried);
  await put(queue, HALF_MONTHLY, { pattern: halfMonthly.pattern, tz: halfMonthly.tz }, retried);
}

/** Leaves a scheduler alone that already runs as asked: an upsert would drop its next job, even one that fell due while nobody worked. */
async function put(queue: AnyQueue, id: string, repeat: Repeat, options: JobSchedulerTemplateOptions): Promise<void> {
  const present = await queue.getJobScheduler(id);
  const same = present?.every === repeat.every && present?.pattern === repeat.pattern && present?.tz === repeat.tz;
  if (same && present?.next !== undefined && (await queue.getJob(`repeat:${id}:${present.next}`)) !== undefined) return;
  await queue.upsertJobScheduler(id, repeat, { name: id, opts: options });
}
