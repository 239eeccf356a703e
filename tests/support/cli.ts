import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type App, openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { stopHome } from '../../src/embedded/home.ts';
import { copyCluster } from './cluster.ts';
import { scratchFolder } from './scratch-folder.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/apportion.ts', import.meta.url));
/** Halves the start of each of the many programs. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/apportion-tests', import.meta.url));
const LIMIT_MS = 100_000;

const CONFIGURATION = /^(APPORTION_|PG|DATABASE_URL$|REDIS_URL$)/;
const STACK_FRAME = /^\s+at .*/m;

export interface CliResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Null after a signal. */
  readonly exitCode: number | null;
}

export interface CliOptions {
  /** Replaces or adds variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** What starts the program, such as a terminal or a namespace. */
  readonly through?: readonly string[];
  /** A shell's command line in which `"$@"` is the program with its arguments, such as `"$@" | head -1`. */
  readonly shell?: string;
}

/** A command that runs, with what it has printed so far. */
export interface RunningCli {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Once the program has ended and everything it started has closed its output. */
  readonly result: Promise<CliResult>;
}

/**
 * A folder for one test file: the working folder of every command that is run in it, with the home of the private servers, which are
 * shared by all of them and stopped by `close`.
 */
export class CliFolder {
  readonly folder = scratchFolder('cli');
  readonly home = path.join(this.folder, 'home');
  readonly #env: Readonly<Record<string, string>>;
  #app: Promise<App> | null = null;

  /** `env` holds for every command. The first one finds the data folder of Postgres made already, unless the home is to be `fresh`. */
  constructor(env: Readonly<Record<string, string>> = {}, { fresh = false } = {}) {
    this.#env = env;
    if (fresh) return;
    const dataDir = path.join(this.home, 'postgres');
    copyCluster(dataDir);
    // No test of commands takes the power away.
    appendFileSync(path.join(dataDir, 'postgresql.conf'), 'fsync = off\n');
  }

  /** The application inside the test's own process, as a command has it; keeps the servers running until `letGo`. */
  async app(): Promise<App> {
    this.#app ??= openApp(readConfig(this.#environment({}), this.folder));
    return await this.#app;
  }

  async letGo(): Promise<void> {
    const app = await this.#app?.catch(() => null);
    this.#app = null;
    await app?.close();
  }

  /** Writes a file and returns its name as commands take it. */
  write(name: string, content: string | Buffer): string {
    mkdirSync(path.dirname(path.join(this.folder, name)), { recursive: true });
    writeFileSync(path.join(this.folder, name), content);
    return name;
  }

  /** A file of events, one a line. */
  writeEvents(name: string, events: readonly unknown[]): string {
    const lines = events.map(event => (typeof event === 'string' ? event : JSON.stringify(event)));
    return this.write(name, `${lines.join('\n')}\n`);
  }

  async run(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return await this.start(args, options).result;
  }

  /** Runs the command with `--json` and returns the one object that it must print. */
  async json<Data = Record<string, unknown>>(
    args: readonly string[],
    options: CliOptions = {},
  ): Promise<{ readonly data: Data; readonly exitCode: number | null }> {
    const { stdout, stderr, exitCode } = await this.run([...args, '--json'], options);
    expect(stdout, `${args.join(' ')}: ${stderr}`).toMatch(/^\{.*\}\n$/);
    return { data: JSON.parse(stdout) as Data, exitCode };
  }

  start(args: readonly string[], { env = {}, through = [], shell }: CliOptions = {}): RunningCli {
    const program = [...through, process.execPath, PROGRAM, ...args];
    const [command = '', ...rest] = shell === undefined ? program : ['sh', '-c', shell, 'sh', ...program];
    const child = spawn(command, rest, {
      cwd: this.folder,
      env: this.#environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        printed[stream] += text;
      });
    }
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const result = once(child, 'close').then(([exitCode]: (number | null)[]) => {
      clearTimeout(limit);
      for (const text of [printed.stdout, printed.stderr]) expect(text, args.join(' ')).not.toMatch(STACK_FRAME);
      return { ...printed, exitCode: exitCode ?? null };
    });
    return { child, stdout: () => printed.stdout, stderr: () => printed.stderr, result };
  }

  async close(): Promise<void> {
    await this.letGo();
    await stopHome({ home: this.home });
    rmSync(this.folder, { recursive: true, force: true });
  }

  #environment(env: Readonly<Record<string, string>>): Record<string, string> {
    const own = Object.entries(process.env).filter(([name]) => !CONFIGURATION.test(name));
    return {
      ...(Object.fromEntries(own) as Record<string, string>),
      APPORTION_HOME: this.home,
      NODE_COMPILE_CACHE: COMPILED,
      ...this.#env,
      ...env,
    };
  }
}

/** The lines on standard error but for the one that says which servers were started. */
export function complaints({ stderr }: Pick<CliResult, 'stderr'>): string[] {
  return stderr.split('\n').filter(line => line !== '' && !line.startsWith('started Postgres '));
}

/** The one line with which a command refuses; fails the test when there are more or none. */
export function onlyComplaint(result: Pick<CliResult, 'stderr'>): string {
  const lines = complaints(result);
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}
