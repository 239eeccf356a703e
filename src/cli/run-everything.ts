import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { App } from '../app.ts';
import { describeBackend } from '../queue/backend.ts';
import type { Output } from './output.ts';

const RESTART_MS = 1_000;
const STOP_LIMIT_MS = 40_000;

/** Runs the worker processes until SIGINT or SIGTERM; one that dies is started again. */
export async function runEverything(app: App, output: Output): Promise<void> {
  const names = [
    ...Array.from({ length: availableParallelism() }, () => 'event-worker'),
    'settlement-worker',
    'maintenance-worker',
  ];
  const workers = names.map(name => new KeptWorker(name, output));
  output.note(`apportion is up: ${names.length} workers, queue on ${describeBackend(app.backend)}. Stop with Ctrl-C.`);
  await stopRequested();
  output.note('stopping');
  await Promise.all(workers.map(worker => worker.stop()));
}

function stopRequested(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
  return promise;
}

class KeptWorker {
  readonly #file: string;
  readonly #name: string;
  readonly #output: Output;
  readonly #stopping = new AbortController();
  #child: ChildProcess | null = null;
  readonly #kept: Promise<void>;

  constructor(name: string, output: Output) {
    this.#name = name;
    this.#file = fileURLToPath(new URL(`../../workers/${name}.ts`, import.meta.url));
    this.#output = output;
    this.#kept = this.#keep();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#child?.kill('SIGTERM');
    const limit = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.#kept;
    clearTimeout(limit);
  }

  async #keep(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      // In a process group of its own, so that Ctrl-C reaches it once, through us, and it ends in order.
      const child = fork(this.#file, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      this.#child = child;
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      child.once('error', error => resolve(error.message));
      const how = await ended;
      if (this.#stopping.signal.aborted) return;
      this.#output.note(`${this.#name} ended (${how}); starting it again`);
      await sleep(RESTART_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }
}
