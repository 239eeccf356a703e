import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { expect, test } from 'vitest';
import { catalogText, plansText } from './reference-data.ts';
import { openSite, pendingBatches } from './site.ts';
import { AS_OF } from './traffic.ts';

const EVENTS = Number(process.env.MEMORY_EVENTS ?? 2_000_000);
const MOST_MIB = 512;
const LIMIT_MS = 120_000 + EVENTS / 5;

test.skipIf(process.platform !== 'linux')(
  `a worker that works off ${EVENTS.toLocaleString('en-US')} waiting events stays below ${MOST_MIB} MiB`,
  { timeout: LIMIT_MS },
  async () => {
    const machine = await openSite(null, { catalog: catalogText(), plans: plansText() });
    const file = path.join(machine.folder, 'many.ndjson.zst');
    await pipeline(Readable.from(chunks(EVENTS)), createZstdCompress(), createWriteStream(file));
    const startedAt = performance.now();
    const acceptor = machine.command(['ingest', '--no-wait', '--as-of', AS_OF, '--json', file]).process;
    const acceptorPeak = peakMibOf(acceptor);
    expect(await acceptor.end(LIMIT_MS), acceptor.stderr).toEqual({ code: 0, signal: null });
    expect(JSON.parse(acceptor.stdout)).toMatchObject({ received: EVENTS, pending: EVENTS });

    const acceptedAt = performance.now();
    const worker = machine.keep('event-worker');
    const workerPeak = peakMibOf(worker.process);
    await expect.poll(() => pendingBatches(machine), { timeout: LIMIT_MS, interval: 100 }).toBe(0);
    const processedAt = performance.now();
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
    expect(worker.ends).toEqual([]);
    const { rows } = await machine.look(client =>
      client.query('select sum(accepted)::int as accepted from inbox_batches'),
    );
    expect(rows).toEqual([{ accepted: EVENTS }]);
    const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(1)} s`;
    console.log(
      `${EVENTS} events: accepted in ${seconds(startedAt, acceptedAt)}, peak ${await acceptorPeak} MiB; ` +
        `processed in ${seconds(acceptedAt, processedAt)}, peak ${await workerPeak} MiB`,
    );
    expect(await workerPeak).toBeLessThanOrEqual(MOST_MIB);
  },
);

/** The largest resident set that the process ever had, once it has ended: the kernel's own mark, read until then. */
async function peakMibOf({
  pid,
  exited,
}: {
  readonly pid: number;
  readonly exited: Promise<unknown>;
}): Promise<number> {
  let peakKib = 0;
  const read = async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    peakKib = Math.max(peakKib, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
  };
  const timer = setInterval(read, 50);
  await exited;
  clearInterval(timer);
  return Math.round(peakKib / 1024);
}

function* chunks(events: number): Generator<string> {
  const day = '2018-04-15T';
  let chunk = '';
  for (let event = 0; event < events; event += 1) {
    const app = `app_${event % 160}_${event % 5}`;
    const second = event % 86_400;
    const clock = [second / 3600, (second / 60) % 60, second % 60].map(part =>
      String(Math.trunc(part)).padStart(2, '0'),
    );
    chunk += `{"id":"m${event}","type":"impression","occurred_at":"${day}${clock.join(':')}+08:00","app_id":"${app}","ad_unit_id":"${app}_u${event % 2}","currency":"CNY","price":"${(event % 5000) / 100}","device_id":"device-${event % 100_003}"}\n`;
    if (chunk.length < 1 << 16) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}
