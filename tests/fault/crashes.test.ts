import { randomInt } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { importCatalogFile, importPlansFile } from '../../src/settlement/import-reference.ts';
import { findRedis } from '../support/queue-servers.ts';
import { Chance } from './chance.ts';
import { expectedBooks } from './expected-books.ts';
import { type Death, Havoc } from './havoc.ts';
import { Intake } from './intake.ts';
import { DEFAULT_KILLS, planKills } from './kill-plan.ts';
import { Machine, type QueueKind } from './machine.ts';
import { acceptedReadings, differencesOf, storedBooks } from './stored-books.ts';
import { catalogText, makeTraffic, plansText, type SentLine } from './traffic.ts';

/** `SEED=… KILLS=… npx vitest run tests/fault/crashes.test.ts` repeats a run, or makes a harder one. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const KILLS = Number(process.env.KILLS ?? DEFAULT_KILLS);
const FILES = 12;
const LINES_PER_FILE = 8_400;
const LIMIT_MS = 120_000 + 10_000 * KILLS;
const CATCH_UP_MS = 60_000;
const SERVICE_MISSING = 3;

/** Small batches make many transactions; the rest makes recovery as short as it can be. */
const ENV = {
  APPORTION_BUCKETS: '16',
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
      const machine = await Machine.start(queue === 'redis' ? redis : null, ENV);
      onTestFinished(() => machine.close());
      const app = await machine.app();
      await importCatalogFile(app, { text: catalogText(), source: 'catalog.json' });
      await importPlansFile(app, { text: plansText(), source: 'plans.json' });
      await app.queues();
      const intake = new Intake(machine, makeTraffic(chance, { files: FILES, linesPerFile: LINES_PER_FILE }));
      for (const kind of ['event-worker', 'event-worker', 'settlement-worker', 'maintenance-worker'] as const) {
        machine.keep(kind);
      }

      console.log('T begin', performance.now());
      const havoc = new Havoc(machine, intake, chance);
      const plan = planKills(chance, { queue, kills: KILLS });
      const lossAt = lossesOf(machine, {
        kills: KILLS,
        chance,
        putBackAt: plan.findIndex(kill => kill.target === 'queue put back'),
      });
      for (const [index, kill] of plan.entries()) {
        await lossAt(index);
        await havoc.strike(kill);
      }
      tell(havoc.deaths);
      console.log('T kills', performance.now(), intake.attempts, [...intake.succeeded.values()].length);

      await intake.finish();
      await expect.poll(async () => (await havoc.progress()).pending, { timeout: CATCH_UP_MS }).toBe(0);
      await havoc.loseLastJobs();
      await expect.poll(async () => (await havoc.progress()).pending, { timeout: CATCH_UP_MS }).toBe(0);
      console.log('T processed', performance.now());
      const settlements = [1, 2].map(() => machine.command(['settle', '--due', '--json']).process);
      for (const settlement of settlements)
        expect(await settlement.end(CATCH_UP_MS), settlement.stderr).toMatchObject({ code: 0 });
      await expect.poll(async () => (await havoc.progress()).settling, { timeout: CATCH_UP_MS }).toBe(false);
      for (const worker of machine.workers) expect(await worker.stop()).toEqual({ code: 0, signal: null });

      console.log('T stopped', performance.now());
      const readings = await machine.look(acceptedReadings);
      expect(
        differencesOf({
          expected: expectedBooks(readings.map(({ source, lines }) => linesOf(intake, source).slice(0, lines))),
          found: await machine.look(storedBooks),
        }),
      ).toEqual([]);
      const verification = machine.command(['verify', '--json']).process;
      expect(await verification.end(CATCH_UP_MS), verification.stdout).toMatchObject({ code: 0 });
      expect(JSON.parse(verification.stdout)).toMatchObject({ differences: 0, pending: { batches: 0, due_days: 0 } });

      console.log('T verified', performance.now());
      expect(intake.complaints).toEqual([]);
      for (const [source, times] of intake.succeeded) {
        const whole = readings.filter(reading => reading.source === source && reading.lines === LINES_PER_FILE);
        expect(whole.length, `${source} was promised ${times} times`).toBeGreaterThanOrEqual(times);
      }
      // A worker that finds a service missing when it starts says so and ends; nothing else may end one.
      expect(machine.workers.flatMap(worker => worker.ends).filter(end => end.code !== SERVICE_MISSING)).toEqual([]);
      expect(havoc.deaths).toHaveLength(KILLS);
      const inTransaction = havoc.deaths.filter(({ open }) => open.length > 0);
      expect(inTransaction.length).toBeGreaterThanOrEqual(KILLS * 0.75);
      expect(havoc.deaths.filter(({ settling }) => settling).length).toBeGreaterThanOrEqual(3);
    },
  );
});

function linesOf(intake: Intake, source: string): readonly SentLine[] {
  const lines = intake.lines.get(source);
  if (lines === undefined) throw new Error(`${source} is none of the files`);
  return lines;
}

/**
 * What happens to the queue besides the kills: its state is saved some time before it is put back. A queue in Redis is lost and put
 * back by kills of the plan; one in Postgres has no server of its own to kill, so its tables are emptied and filled again in between.
 */
function lossesOf(
  machine: Machine,
  { kills, chance, putBackAt }: { readonly kills: number; readonly chance: Chance; readonly putBackAt: number },
): (index: number) => Promise<void> {
  if (machine.queueKind === 'redis') {
    const saveAt = chance.below(putBackAt + 1);
    return async index => {
      if (index === saveAt) await machine.saveQueue();
    };
  }
  const [saveAt, backAt, wipeAt] = [0.2, 0.5, 0.8].map(part => Math.floor(kills * part));
  return async index => {
    if (index === saveAt) await machine.saveQueue();
    if (index === backAt) await machine.putQueueBack();
    if (index === wipeAt) await machine.wipeQueue();
  };
}

function tell(deaths: readonly Death[]): void {
  const lines = deaths.map(({ target, open, settling }) => {
    const what = open.map(
      ({ statement, wrote }) => `${statement.replaceAll(/\s+/g, ' ')}${wrote ? '' : ' (nothing written yet)'}`,
    );
    return `${target}${settling ? ', settling' : ''}: ${what.join(' · ') || 'no transaction open'}`;
  });
  console.log(lines.join('\n'));
}
