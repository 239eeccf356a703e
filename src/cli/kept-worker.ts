import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Output } from './output.ts';

const RESTART_MS = 1_000;
const STOP_LIMIT_MS = 40_000;

export type WorkerName = 'event-worker' | 'settlement-worker' | 'maintenance-worker';

/** Where its log lines go; 2 is standard error. */
export type WorkerLog = 'inherit' | 'ignore' | 2;

/** A worker process of `workers/` that is started again when it dies, and ends when this process does. */
export class KeptWorker {
  readonly #file: string;
  readonly #name: WorkerName;
  readonly #output: Output;
  readonly #log: WorkerLog;
  readonly #stopping = new AbortController();
  #child: ChildProcess | null = null;
  readonly #kept: Promise<void>;

  constructor(name: WorkerName, { output, log }: { readonly output: Output; readonly log: WorkerLog }) {
    this.#name = name;
    this.#file = fileURLToPath(new URL(`../../workers/${name}.ts`, import.meta.url));
    this.#output = output;
    this.#log = log;
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
      const child = fork(this.#file, {
        detached: true,
        stdio: ['ignore', this.#log, this.#log, 'ipc'],
      });
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
