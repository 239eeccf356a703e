import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { nextPeriod, type Period } from '../../src/domain/period.ts';
import { Chance } from './chance.ts';
import {
  approve,
  begin,
  blockWrites,
  done,
  importPersons,
  propose,
  untilGone,
  untilItWaits,
} from './killed-command.ts';
import type { Machine } from './machine.ts';
import { catalogText, plansText } from './reference-data.ts';
import { openSite, succeed, writeLines } from './site.ts';
import { AS_OF, makeTraffic } from './traffic.ts';

/** `SEED=… KILLS=… npx vitest run tests/fault/killed-closing.test.ts` repeats a run, or makes a harder one. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const KILLS = Number(process.env.KILLS ?? 4);
const LIMIT_MS = 120_000 + 10_000 * KILLS;

async function proposeClosing(machine: Machine, period: Period): Promise<string> {
  const id = `close-${period}`;
  const evidence = [{ text: 'agreed' }];
  const proposal = { id, kind: 'close_period', parameters: { period }, reason: 'month end', evidence };
  await propose(machine, proposal);
  return id;
}

/** What is there of a closing: nothing, or all of it. */
async function closed(machine: Machine, period: Period): Promise<boolean> {
  const { rows } = await machine.look(client =>
    client.query<{ outcomes: number; periods: number; buckets: number; books: number; sealed: number; posted: number }>(
      `select (select count(*)::int from decision_outcomes where decision_id = 'close-' || $1) as outcomes,
         (select count(*)::int from period_seals where period = $1) as periods,
         (select count(*)::int from bucket_seals where period = $1) as buckets,
         (select count(*)::int from book_seals where period = $1) as books,
         (select coalesce(sum(transfers), 0)::int from book_seals where period = $1) as sealed,
         (select count(*)::int from transfers where period = $1) as posted`,
      [period],
    ),
  );
  const [found] = rows;
  if (found?.periods === 1) {
    expect(found).toMatchObject({ outcomes: 1, buckets: 64, sealed: found.posted });
    return true;
  }
  expect(found).toMatchObject({ outcomes: 0, periods: 0, buckets: 0, books: 0 });
  return false;
}

test('a closing that is killed in the middle, with the server too, leaves nothing; the next one does all', {
  timeout: LIMIT_MS,
}, async () => {
  console.log(`killed closings: SEED=${SEED} KILLS=${KILLS}`);
  const chance = new Chance(SEED);
  const machine = await openSite(null, { catalog: catalogText(), plans: plansText() });
  await importPersons(machine);
  const [lines = []] = makeTraffic(new Chance(7), { files: 1, linesPerFile: 1_500 });
  const texts = lines.map(line => line.text);
  await succeed(machine, ['ingest', '--as-of', AS_OF, writeLines(machine, 'events.ndjson', texts)]);
  await succeed(machine, ['settle', '--due']);
  const { rows } = await machine.look(client =>
    client.query<{ period: Period }>('select min(period) as period from transfers'),
  );
  let period = rows[0]?.period as Period;

  const id = await proposeClosing(machine, period);
  for (const crash of [false, true]) {
    // Its last statement waits here, so that all books and buckets are sealed already.
    const unblock = await blockWrites(machine, 'period_seals');
    const { process, application } = machine.command(approve(id));
    await untilItWaits(machine, application, 'period_seals');
    await process.kill();
    if (crash) await machine.crashPostgres();
    else await unblock();
    await untilGone(machine, application);
    expect(await closed(machine, period)).toBe(false);
  }
  const startedAt = performance.now();
  await done(machine, approve(id));
  const usualMs = performance.now() - startedAt;
  expect(await closed(machine, period)).toBe(true);

  for (let kill = 0; kill < KILLS; kill += 1) {
    period = nextPeriod(period);
    const next = await proposeClosing(machine, period);
    const { process, application } = await begin(machine, approve(next));
    await sleep(chance.next() * usualMs);
    await process.kill();
    await untilGone(machine, application);
    await closed(machine, period);
    await done(machine, approve(next));
    expect(await closed(machine, period)).toBe(true);
  }
  expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0 });
});
