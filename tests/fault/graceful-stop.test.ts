import { describe, expect, test } from 'vitest';
import { DEFAULT_BUCKET_COUNT } from '../../src/catalog/installation.ts';
import { bucketOf } from '../../src/domain/bucket.ts';
import { click } from '../support/books.ts';
import { catalogText, planEntry, plansText } from '../support/reference-files.ts';
import { openSite, pendingBatches, queueCases, succeed, writeLines } from './site.ts';
import { awaitedTurns, holdTurns } from './turns.ts';

const AS_OF = '2018-04-16T00:30:00+08:00';
/** One job at a time, so that the other one has to wait. */
const ENV = { APPORTION_QUEUE_GROUPS: '1', APPORTION_CONCURRENCY: '1' };

describe.each(await queueCases())('a worker that is asked to stop, queue on $queue', ({ redis }) => {
  test('finishes the job at hand, takes no other and ends in order', async () => {
    const machine = await openSite(redis, { catalog: catalogText(), plans: plansText(planEntry()), env: ENV });
    const buckets = ['dev_7', 'dev_8'].map(id => bucketOf(id, DEFAULT_BUCKET_COUNT));
    expect(new Set(buckets).size).toBe(2);
    const release = await holdTurns(machine, buckets);
    const lines = [
      click('c1', '2018-04-14', '0.30'),
      click('c2', '2018-04-14', '0.50', { app_id: 'app_8_1', ad_unit_id: 'unit_8_1_v' }),
    ];
    const file = writeLines(
      machine,
      'two.ndjson',
      lines.map(line => JSON.stringify(line)),
    );
    const worker = machine.keep('event-worker');
    await succeed(machine, ['ingest', '--no-wait', '--as-of', AS_OF, file]);
    await expect.poll(() => awaitedTurns(machine, worker.application)).toHaveLength(1);
    const [bucket] = await awaitedTurns(machine, worker.application);

    const stopped = worker.stop();
    await expect.poll(() => worker.process.stdout).toContain('stopping on SIGTERM');
    expect(worker.process.running).toBe(true);
    expect(await pendingBatches(machine)).toBe(2);
    await release();
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(worker.process.stdout).toContain('"msg":"stopped"');
    const { rows } = await machine.look(client =>
      client.query('select bucket from inbox_batches where seq is not null'),
    );
    expect(rows).toEqual([{ bucket }]);

    machine.keep('event-worker');
    await expect.poll(() => pendingBatches(machine)).toBe(0);
    expect(await succeed(machine, ['verify'])).toMatchObject({ differences: 0, checked: { lines: 2, earnings: 2 } });
  });
});
