import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../src/embedded/wait-until.ts';
import { type ProcessEnd, type ProcessOptions, ProductProcess, type WorkerKind } from './product-process.ts';

const RESTART_MS = 100;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 100_000;

/** A worker that is started again whenever it ends, as `up` does. */
export class KeptWorker {
  readonly kind: WorkerKind;
  /** Ends that nobody here has brought about. */
  readonly ends: (ProcessEnd & { readonly said: string })[] = [];
  readonly #name: string;
  readonly #optionsFor: (application: string) => ProcessOptions;
  readonly #kept: Promise<void>;
  #process: ProductProcess;
  #lives = 0;
  #stopping = false;
  #killed = false;

  constructor(kind: WorkerKind, name: string, optionsFor: (application: string) => ProcessOptions) {
    this.kind = kind;
    this.#name = name;
    this.#optionsFor = optionsFor;
    this.#process = this.#start();
    this.#kept = this.#keep();
  }

  /** What the database calls its sessions; another after each restart, for those of a killed process may linger. */
  get application(): string {
    return `${this.#name}/${this.#lives}`;
  }

  get process(): ProductProcess {
    return this.#process;
  }

  async kill(): Promise<void> {
    this.#killed = true;
    await this.#process.kill();
  }

  /** SIGTERM once it works; returns how it ended, also to those who ask again. */
  async stop(): Promise<ProcessEnd> {
    // While it starts it has nothing to finish, and the signal just ends it.
    await waitUntil(() => this.#process.ready, { limitMs: START_LIMIT_MS });
    this.#stopping = true;
    this.#process.terminate();
    const end = await this.#process.end(STOP_LIMIT_MS);
    await this.#kept;
    return end;
  }

  async abandon(): Promise<void> {
    this.#stopping = true;
    await this.#process.kill();
    await this.#kept;
  }

  #start(): ProductProcess {
    this.#lives += 1;
    return ProductProcess.worker(this.kind, this.#optionsFor(this.application));
  }

  async #keep(): Promise<void> {
    for (;;) {
      const end = await this.#process.exited;
      if (this.#stopping) return;
      if (this.#killed) this.#killed = false;
      else this.ends.push({ ...end, said: this.#process.stdout.slice(-1_000) + this.#process.stderr });
      await sleep(RESTART_MS);
      if (this.#stopping) return;
      this.#process = this.#start();
    }
  }
}
