import { expect, test } from 'vitest';
import { nextPeriod, type Period } from '../../src/domain/period.ts';
import { adjustment } from '../support/deciding.ts';
import { Chance } from './chance.ts';
import { approve, Killing, limitOf } from './killed-command.ts';
import { succeed, writeLines } from './site.ts';
import { AS_OF, makeTraffic } from './traffic.ts';

/** More with KILLS=100 in the environment. */
const USUAL_KILLS = 4;

/** Returns what approves it. */
async function proposeClosing(killing: Killing, period: Period): Promise<string[]> {
  const id = `close-${period}`;
  await killing.propose({ ...adjustment({ kind: 'close_period', parameters: { period } }), id });
  return approve(id);
}

/** What is there of a closing: nothing, or all of it. */
async function closed({ machine }: Killing, period: Period): Promise<boolean> {
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
  timeout: limitOf(USUAL_KILLS),
}, async () => {
  const killing = await Killing.open();
  const [lines = []] = makeTraffic(new Chance(7), { files: 1, linesPerFile: 1_500 });
  const texts = lines.map(line => line.text);
  await succeed(killing.machine, ['ingest', '--as-of', AS_OF, writeLines(killing.machine, 'events.ndjson', texts)]);
  await succeed(killing.machine, ['settle', '--due']);
  const { rows } = await killing.machine.look(client =>
    client.query<{ period: Period }>('select min(period) as period from transfers'),
  );
  let period = rows[0]?.period as Period;
  const isThere = () => closed(killing, period);

  const approval = await proposeClosing(killing, period);
  // Its last statement, so that all books and buckets are sealed already.
  await killing.killWhileItWrites(approval, { table: 'period_seals', isThere });
  const usualMs = await killing.timeOf(approval, isThere);

  const kills = killing.atAnyMoment({ usualKills: USUAL_KILLS, usualMs });
  for (let kill = 0; kill < kills.count; kill += 1) {
    period = nextPeriod(period);
    await kills.kill(await proposeClosing(killing, period), isThere);
  }
  await killing.expectNothingDiffers();
});
