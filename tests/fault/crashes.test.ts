import { describe, expect, onTestFailed, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import type { RedisBinary } from '../../src/embedded/redis.ts';
import { findRedis } from '../support/queue-servers.ts';
import { kills, SEED } from '../support/runs.ts';
import { Chance } from './chance.ts';
import { expectedBooks } from './expected-books.ts';
import { type Death, Havoc } from './havoc.ts';
import { Intake } from './intake.ts';
import { DEFAULT_KILLS, type PlannedKill, planKills } from './kill-plan.ts';
import type { Machine, QueueKind } from './machine.ts';
import { progressOf } from './progress.ts';
import { catalogText, plansText } from './reference-data.ts';
import { openSite, pendingBatches } from './site.ts';
import { type AcceptedReading, acceptedReadings, differencesOf, storedBooks } from './stored-books.ts';
import { makeTraffic, type SentLine } from './traffic.ts';

/** More with KILLS=200 in the environment. */
const KILLS = kills(DEFAULT_KILLS);
/** Enough for a default run's kills; a longer one needs more to kill at. */
const FILES = Math.max(12, Math.ceil(KILLS / 2));
const LINES_PER_FILE = 8_400;
const LIMIT_MS = 240_000 + 30_000 * KILLS;
const CATCH_UP_MS = 120_000;
const SERVICE_MISSING = 3;

/** Small batches make many transactions; the rest makes recovery as short as it can be. */
const BUCKETS = 16;
const ENV = {
  APPORTION_BUCKETS: String(BUCKETS),
  APPORTION_QUEUE_GROUPS: '2',
  APPORTION_CONCURRENCY: '2',
  APPORTION_BATCH_EVENTS: '100',
  APPORTION_SWEEP_MS: '500',
  APPORTION_JOB_LOCK_MS: '1000',
  APPORTION_STALLED_CHECK_MS: '300',
};

const redis = await findRedis();

describe.each<{ queue: QueueKind }>([{ queue: 'redis' }, { queue: 'postgres' }])('the queue on $queue', ({ queue }) => {
  test.skipIf(queue === 'redis' && redis === null)(
    'whoever is killed, the books are those of an undisturbed run',
    { timeout: LIMIT_MS },
    async () => {
      console.log(`fault test, queue on ${queue}: SEED=${SEED} KILLS=${KILLS}`);
      const chance = new Chance(SEED);
      const machine = await openMachine(queue === 'redis' ? redis : null);
      const intake = new Intake(machine, makeTraffic(chance, { files: FILES, linesPerFile: LINES_PER_FILE }));
      const havoc = new Havoc(machine, intake, chance);
      onTestFailed(() => console.log(havoc.deaths.map(describeDeath).join('\n')));

      const plan = planKills(chance, { queue, kills: KILLS });
      const disturbQueue = disturbances(machine, plan, chance);
      for (const [index, kill] of plan.entries()) {
        await disturbQueue(index);
        await havoc.strike(kill);
      }
      await intake.finish();
      await untilProcessed(machine);
      await havoc.loseLastJobs();
      await untilProcessed(machine);
      await havoc.importPlans(plansText());
      await settleRest(machine);
      for (const worker of machine.workers) expect(await worker.stop()).toEqual({ code: 0, signal: null });

      const readings = await machine.look(acceptedReadings);
      const expected = expectedBooks(readings.map(reading => linesTaken(linesOf(intake, reading.source), reading)));
      expect(differencesOf({ expected, found: await machine.look(storedBooks) })).toEqual([]);
      const verification = machine.command(['verify', '--json']).process;
      expect(await verification.end(CATCH_UP_MS), verification.stdout).toMatchObject({ code: 0 });
      expect(JSON.parse(verification.stdout)).toMatchObject({ differences: 0, pending: { batches: 0, due_days: 0 } });

      expect(intake.complaints).toEqual([]);
      for (const [source, times] of intake.succeeded) {
        const whole = readings.filter(reading => reading.source === source && reading.lines === LINES_PER_FILE);
        expect(whole.length, `${source} was promised ${times} times`).toBeGreaterThanOrEqual(times);
      }
      // A worker that finds a service missing when it starts says so and ends; nothing else may end one.
      expect(machine.workers.flatMap(worker => worker.ends).filter(end => end.code !== SERVICE_MISSING)).toEqual([]);
      expectEnough(havoc.deaths);
    },
  );
});

async function openMachine(binary: RedisBinary | null): Promise<Machine> {
  const machine = await openSite(binary, { catalog: catalogText(), plans: plansText(), env: ENV });
  await (await machine.app()).queues();
  for (const kind of ['event-worker', 'event-worker', 'settlement-worker', 'maintenance-worker'] as const) {
    machine.keep(kind);
  }
  return machine;
}

async function untilProcessed(machine: Machine): Promise<void> {
  await expect.poll(() => pendingBatches(machine), { timeout: CATCH_UP_MS }).toBe(0);
}

/** Two commands at once settle what is still due; runs that lost their jobs come to their end by themselves. */
async function settleRest(machine: Machine): Promise<void> {
  const commands = [1, 2].map(() => machine.command(['settle', '--due', '--json']).process);
  for (const command of commands) expect(await command.end(CATCH_UP_MS), command.stderr).toMatchObject({ code: 0 });
  await expect.poll(async () => (await progressOf(machine)).settling, { timeout: CATCH_UP_MS }).toBe(false);
}

function expectEnough(deaths: readonly Death[]): void {
  const inTransaction = deaths.filter(({ open }) => open.length > 0).length;
  const whileSettling = deaths.filter(({ settling }) => settling).length;
  console.log(`${deaths.length} kills, ${inTransaction} in a transaction, ${whileSettling} while settling`);
  expect(deaths).toHaveLength(KILLS);
  expect(inTransaction).toBeGreaterThanOrEqual(KILLS * 0.75);
  expect(whileSettling).toBeGreaterThanOrEqual(KILLS / 8);
}

function linesOf(intake: Intake, source: string): readonly SentLine[] {
  const lines = intake.lines.get(source);
  if (lines === undefined) throw new Error(`${source} is none of the files`);
  return lines;
}

/** Of each bucket a reading takes the first lines, in their order: one that was interrupted has handed in more of one than of another. */
function linesTaken(lines: readonly SentLine[], { linesOfBucket }: AcceptedReading): SentLine[] {
  const left = new Map(Object.entries(linesOfBucket).map(([bucket, count]) => [Number(bucket), count]));
  return lines.filter(({ ownerId }) => {
    const bucket = bucketOf(ownerId, BUCKETS);
    const count = left.get(bucket) ?? 0;
    left.set(bucket, count - 1);
    return count > 0;
  });
}

/**
 * What happens to the queue besides the kills: its state is saved some time before it is put back. A queue in Redis is lost and put
 * back by kills of the plan; one in Postgres has no server of its own to kill, so its tables are emptied and filled again in between.
 */
function disturbances(
  machine: Machine,
  plan: readonly PlannedKill[],
  chance: Chance,
): (index: number) => Promise<void> {
  if (machine.queueKind === 'redis') {
    const putBackAt = plan.findIndex(kill => kill.target === 'queue put back');
    const saveAt = chance.below(putBackAt + 1);
    return async index => {
      if (index === saveAt) await machine.saveQueue();
    };
  }
  const [saveAt, putBackAt, wipeAt] = [0.2, 0.5, 0.8].map(part => Math.floor(plan.length * part));
  return async index => {
    if (index === saveAt) await machine.saveQueue();
    if (index === putBackAt) await machine.putQueueBack();
    if (index === wipeAt) await machine.wipeQueue();
  };
}

function describeDeath({ target, open, settling }: Death): string {
  const statements = open.map(
    ({ statement, wrote }) => `${statement.replaceAll(/\s+/g, ' ')}${wrote ? '' : ' (nothing written)'}`,
  );
  return `${target}${settling ? ', settling' : ''}: ${statements.join(' · ') || 'no transaction open'}`;
}
