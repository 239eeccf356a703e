import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type BenchHome, stopChild } from './home.ts';

/** When the sample's day is over and its late lines can still be accepted. */
export const SAMPLE_DAY = '2018-04-01';
export const AS_OF = '2018-04-02T02:00:00+08:00';

const COMMAND_LIMIT_MS = 3_600_000;
const START_LIMIT_MS = 60_000;

export interface Timed<Data> {
  /** From the start of the command to its end. */
  readonly seconds: number;
  readonly data: Data;
}

export interface IngestData {
  readonly received: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly pending: number;
  readonly rejected: Readonly<Record<string, number>>;
}

export interface SettledDay {
  readonly run_id: string;
  readonly business_date: string;
  readonly apps: number;
  readonly transfers: number;
}

export interface VerifyData {
  readonly differences: number;
  readonly checked: { readonly lines: number };
}

/** Takes a file in as a user with two cores does: `apportion up` runs already, and `apportion ingest` waits until all is processed. */
export async function ingestAsUser(home: BenchHome, file: string): Promise<Timed<IngestData>> {
  const done = await apportion<IngestData>(home, ['ingest', file, '--as-of', AS_OF]);
  if (done.data.pending > 0) throw new Error(`${file}: ${done.data.pending} lines are still pending`);
  return done;
}

/** Settles days beside a running `apportion up`. */
export async function settleAsUser(
  home: BenchHome,
  { from, to = from }: { readonly from: string; readonly to?: string },
): Promise<Timed<{ readonly items: readonly SettledDay[] }>> {
  return await apportion(home, ['settle', '--date', from, '--to', to]);
}

/** @throws Error when anything differs */
export async function verifyAsUser(home: BenchHome): Promise<Timed<VerifyData>> {
  return await apportion(home, ['verify']);
}

/** The schema, the sample's catalog and plans and, where events are taken in, the policy that checks their traffic. */
export async function prepareAsUser(
  home: BenchHome,
  files: { readonly catalogs: readonly string[]; readonly plans: string; readonly traffic?: string },
): Promise<void> {
  for (const catalog of files.catalogs) await apportion(home, ['catalog', 'import', catalog]);
  await apportion(home, ['plans', 'import', files.plans]);
  if (files.traffic !== undefined) await apportion(home, ['traffic', 'import', files.traffic]);
}

/** `apportion up`, once all its workers take jobs. */
export async function startUp(home: BenchHome): Promise<void> {
  const up = home.start('bin/apportion.ts', ['up']);
  const wanted = Promise.withResolvers<number>();
  up.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const count = /apportion is up: (\d+) workers/.exec(text)?.[1];
    if (count !== undefined) wanted.resolve(Number(count));
  });
  await untilReady(up, wanted.promise);
}

/** One worker process by itself, such as `event-worker`; the returned function stops it. */
export async function startWorker(home: BenchHome, name: string): Promise<() => Promise<void>> {
  const worker = home.start(`workers/${name}.ts`, []);
  worker.stderr?.resume();
  await untilReady(worker, Promise.resolve(1));
  return async () => await stopChild(worker);
}

/** Runs a command to its end. @throws Error unless it exits with 0 */
export async function apportion<Data>(home: BenchHome, args: readonly string[]): Promise<Timed<Data>> {
  const startedAt = performance.now();
  const child = home.start('bin/apportion.ts', [...args, '--json']);
  let printed = '';
  let complaints = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), COMMAND_LIMIT_MS);
  const exited = once(child, 'exit').then(() => performance.now());
  await once(child, 'close');
  const seconds = ((await exited) - startedAt) / 1000;
  clearTimeout(limit);
  if (child.exitCode !== 0) {
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new Error(`apportion ${args.join(' ')} ended with ${how}: ${complaints.slice(-2000)}${printed.slice(-2000)}`);
  }
  return { seconds, data: JSON.parse(printed) as Data };
}

/** A worker logs one line once it is ready, and more only when something is wrong. */
async function untilReady(child: ChildProcess, wanted: Promise<number>): Promise<void> {
  const ready = Promise.withResolvers<void>();
  let lines = 0;
  const look = async () => {
    if (lines >= (await wanted)) ready.resolve();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    lines += text.split('\n').length - 1;
    void look();
  });
  child.once('exit', code => ready.reject(new Error(`${child.spawnargs.join(' ')} ended with exit code ${code}`)));
  const limit = setTimeout(() => ready.reject(new Error('workers are not ready after a minute')), START_LIMIT_MS);
  try {
    await ready.promise;
  } finally {
    clearTimeout(limit);
  }
}
