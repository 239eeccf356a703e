import { describe, expect, test } from 'vitest';
import { DEFAULT_BUCKET_COUNT } from '../../src/catalog/installation.ts';
import { Chance } from './chance.ts';
import { expectedBooks } from './expected-books.ts';
import { catalogText, plansText } from './reference-data.ts';
import { COMMAND_LIMIT_MS, openSite, queueCases, succeed, writeLines } from './site.ts';
import { differencesOf, storedBooks } from './stored-books.ts';
import { AS_OF, DAYS, makeTraffic } from './traffic.ts';
import { holdTurns } from './turns.ts';

const DAY = DAYS[0] as string;

describe.each(await queueCases())('two settle commands, queue on $queue', ({ redis }) => {
  test('of one day at once post each amount once', async () => {
    const machine = await openSite(redis, { catalog: catalogText(), plans: plansText() });
    const lines = (makeTraffic(new Chance(7), { files: 1, linesPerFile: 2_000 })[0] ?? []).filter(
      // Of one day alone, so that the expected books are all that these runs may post.
      line => line.event === null || new Date(line.event.occurredAtMs + 8 * 3_600_000).toISOString().startsWith(DAY),
    );
    const file = writeLines(
      machine,
      'day.ndjson',
      lines.map(line => line.text),
    );
    await succeed(machine, ['ingest', '--as-of', AS_OF, file]);

    // Neither can begin with a bucket before both have chosen all of them.
    const release = await holdTurns(
      machine,
      Array.from({ length: DEFAULT_BUCKET_COUNT }, (_, bucket) => bucket),
    );
    const commands = [1, 2].map(() => machine.command(['settle', '--date', DAY, '--json']).process);
    const chosen = async () =>
      (
        await machine.look(client =>
          client.query<{ buckets: number }>('select cardinality(buckets) as buckets from settlement_runs'),
        )
      ).rows.map(row => row.buckets);
    await expect.poll(chosen).toHaveLength(2);
    const [buckets, sameBuckets] = await chosen();
    expect(buckets).toBeGreaterThan(DEFAULT_BUCKET_COUNT / 2);
    expect(sameBuckets).toBe(buckets);
    await release();
    for (const command of commands)
      expect(await command.end(COMMAND_LIMIT_MS), command.stderr).toMatchObject({ code: 0 });

    const found = await machine.look(storedBooks);
    expect(differencesOf({ expected: expectedBooks([lines]), found })).toEqual([]);
    const posted = [...found.keys()].filter(key => key.startsWith('posted')).length;
    const { rows } = await machine.look(client =>
      client.query('select count(*)::int as transfers, max(version) as version from transfers'),
    );
    expect(rows).toEqual([{ transfers: posted, version: 1 }]);
    const told = commands.map(command => JSON.parse(command.stdout).items[0].transfers as number);
    expect((told[0] ?? 0) + (told[1] ?? 0)).toBe(posted);
    expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0, pending: { batches: 0, due_days: 0 } });
  });
});
