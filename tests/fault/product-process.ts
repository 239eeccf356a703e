import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEPT_CHARACTERS = 20_000;

export type WorkerKind = 'event-worker' | 'settlement-worker' | 'maintenance-worker';

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessOptions {
  /** APPORTION_… and the services; nothing else of the surroundings' configuration gets through. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A process of the product, to be frozen and killed. */
export class ProductProcess {
  readonly exited: Promise<ProcessEnd>;
  readonly pid: number;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  #ready = false;

  private constructor(file: string, args: readonly string[], { env, cwd }: ProcessOptions, ipc: 'ipc' | 'ignore') {
    const child = spawn(process.execPath, [`${ROOT}${file}`, ...args], {
      cwd,
      env: { ...surroundings(), ...env },
      stdio: ['ignore', 'pipe', 'pipe', ipc],
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    const { promise, resolve, reject } = Promise.withResolvers<ProcessEnd>();
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', reject);
    this.exited = promise;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = (this.stdout + text).slice(-KEPT_CHARACTERS);
      this.#ready ||= this.stdout.includes('"msg":"ready"');
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-KEPT_CHARACTERS);
    });
  }

  /** Its channel to this process ends it when this process ends, as with the one that `up` starts. */
  static worker(kind: WorkerKind, options: ProcessOptions): ProductProcess {
    return new ProductProcess(`workers/${kind}.ts`, [], options, 'ipc');
  }

  static command(args: readonly string[], options: ProcessOptions): ProductProcess {
    return new ProductProcess('bin/apportion.ts', args, options, 'ignore');
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** A worker takes jobs from now on. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Nothing more happens in it until `thaw`. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** SIGKILL; returns once it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Its end, which must come within the time. */
  async end(limitMs: number): Promise<ProcessEnd> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.#child.kill('SIGKILL');
      reject(
        new Error(`${this.#child.spawnargs.slice(1).join(' ')} did not end within ${limitMs} ms:\n${this.stderr}`),
      );
    }, limitMs);
    try {
      return await Promise.race([this.exited, promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** As a URL, the only form in which a process takes an address; `application` is how the server names its sessions. */
export function databaseUrl(
  { host, user, database }: { readonly host: string; readonly user: string; readonly database: string },
  application: string,
): string {
  const parameters = new URLSearchParams({ host, application_name: application });
  return `postgres://${user}@localhost/${database}?${parameters}`;
}

function surroundings(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH } = process.env;
  return { PATH, HOME, TMPDIR, LD_LIBRARY_PATH };
}
