import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { expect, onTestFinished } from 'vitest';
import { type HomeOptions, stopHome } from '../../src/embedded/home.ts';

const CLIENT_PROGRAM = fileURLToPath(new URL('./embedded-client.ts', import.meta.url));

interface Opened {
  readonly postgres: { host: string; port: number; user: string; database: string };
  readonly redis: { path: string } | null;
  readonly startedNow: boolean;
  readonly describe: string;
}

export interface ClientLine {
  readonly ready?: Opened;
  readonly refused?: { code: string; message: string; exitCode: number };
  readonly lost?: string;
}

/** A fresh folder that is removed after the test, with a home in it whose servers are stopped first. */
export function temporaryHome(): { folder: string; home: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apportion-embedded-'));
  const home = path.join(folder, 'home');
  onTestFinished(async () => {
    await stopHome({ home });
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, home };
}

interface ClientSurroundings {
  readonly env?: NodeJS.ProcessEnv;
  /** What starts it, such as a change of user. */
  readonly through?: readonly string[];
  readonly program?: string;
}

/** A command in a process of its own. */
export function startClient(
  options: HomeOptions,
  { env = process.env, through = [], program = CLIENT_PROGRAM }: ClientSurroundings = {},
) {
  const [command = '', ...args] = [...through, process.execPath, program, JSON.stringify(options)];
  const child: ChildProcess = spawn(command, args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const lines = createInterface({ input: child.stdout ?? expect.fail('no stdout') })[Symbol.asyncIterator]();
  async function nextLine(): Promise<ClientLine> {
    const { value, done } = await lines.next();
    if (done) expect.fail(`the client ended without a word: ${stderr}`);
    return JSON.parse(value);
  }
  return {
    nextLine,
    async ready(): Promise<Opened> {
      const line = await nextLine();
      return line.ready ?? expect.fail(JSON.stringify(line));
    },
    async leave(): Promise<void> {
      child.stdin?.end();
      await exited;
    },
    async kill(signal: NodeJS.Signals): Promise<void> {
      child.kill(signal);
      await exited;
    },
  };
}

interface LivingProcess {
  readonly pid: number;
  readonly command: string;
}

/** Living processes that work below the folder or name it on their command line; zombies are not living. */
export function processesBelow(folder: string): LivingProcess[] {
  return readdirSync('/proc').flatMap(entry => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const place = readlinkSync(`/proc/${pid}/cwd`);
      return place.startsWith(folder) || command.includes(folder) ? [{ pid, command }] : [];
    } catch {
      return [];
    }
  });
}

/**
 * Those of them whose command line has this in it. A fork shows its parent's command line until it has become something else, so a
 * child that shows that of its parent is not counted.
 */
export function processesNamed(folder: string, part: string): LivingProcess[] {
  const named = processesBelow(folder).filter(({ command }) => command.includes(part));
  const isFork = ({ pid, command }: LivingProcess) => {
    const parent = parentOf(pid);
    return parent === null || named.some(other => other.pid === parent && other.command === command);
  };
  return named.filter(each => !isFork(each));
}

/** The one living process below the folder whose command line has this in it. */
export function processNamed(folder: string, part: string): number {
  const found = processesNamed(folder, part);
  expect(found).toHaveLength(1);
  return found[0]?.pid ?? -1;
}

/** Null once it has gone. */
function parentOf(pid: number): number | null {
  try {
    // The name before it stands in brackets and may hold anything.
    return Number(/^.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

export async function untilNothingLeft(folder: string): Promise<void> {
  await expect.poll(() => processesBelow(folder)).toEqual([]);
}

/** Runs one statement on a connection of its own. */
export async function ask(address: object, sql: string): Promise<unknown[]> {
  const client = new Client({ ...address, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}
