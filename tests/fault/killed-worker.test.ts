import { describe, expect, test } from 'vitest';
import { DEFAULT_BUCKET_COUNT } from '../../src/catalog/installation.ts';
import { bucketOf } from '../../src/domain/bucket.ts';
import { click } from '../support/books.ts';
import { catalogText, planEntry, plansText } from '../support/reference-files.ts';
import { openSite, pendingBatches, queueCases, succeed, writeLines } from './site.ts';
import { awaitedTurns, holdTurns } from './turns.ts';

const AS_OF = '2018-04-16T00:30:00+08:00';
/** With the timing that the queue's library has by default it would take a minute. */
const WITHIN_MS = 25_000;

describe.each(await queueCases())('a worker with the default timing, queue on $queue', ({ redis }) => {
  test('that is killed in the middle of a batch: another goes on within seconds', async () => {
    const machine = await openSite(redis, { catalog: catalogText(), plans: plansText(planEntry()) });
    const release = await holdTurns(machine, [bucketOf('dev_7', DEFAULT_BUCKET_COUNT)]);
    const file = writeLines(machine, 'one.ndjson', [JSON.stringify(click('c1', '2018-04-14', '0.30'))]);
    const victim = machine.keep('event-worker');
    await succeed(machine, ['ingest', '--no-wait', '--as-of', AS_OF, file]);
    await expect.poll(() => awaitedTurns(machine, victim.application)).toHaveLength(1);
    const other = machine.keep('event-worker');
    await expect.poll(() => other.process.ready).toBe(true);

    await victim.abandon();
    await release();
    await expect.poll(() => pendingBatches(machine), { timeout: WITHIN_MS }).toBe(0);
    const { rows } = await machine.look(client => client.query('select clicks, gross_nanos from earnings'));
    expect(rows).toEqual([{ clicks: '1', gross_nanos: '300000000' }]);
  });
});
