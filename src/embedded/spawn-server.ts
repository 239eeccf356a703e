import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Runner } from './runner.ts';
import { openLog } from './server-log.ts';

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  readonly exited: Promise<ServerExit>;
  hasExited(): boolean;
  /** Signals in turn, each with a time limit before the next; the last should be SIGKILL. Waits for the exit. */
  end(steps: readonly { signal: NodeJS.Signals; limitMs: number }[]): Promise<void>;
}

export interface SpawnOptions {
  readonly runner: Runner;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Takes all that the server prints, also after this process has ended. */
  readonly logFile: string;
  /** What the server gets when this process ends, however it ends. */
  readonly deathSignal: 'INT' | 'TERM';
}

/** Starts a server that does not outlive this process. Rejects if the program can't be run at all. */
export async function spawnServer(options: SpawnOptions): Promise<ServerProcess> {
  const { runner, command, cwd, env, logFile, deathSignal } = options;
  const [program = '', ...args] = runner.commandLine(command, deathSignal);
  const log = openLog(logFile);
  let child: ChildProcess;
  try {
    // Its own session: Ctrl-C on the terminal of a program that runs servers directly must not reach them.
    child = spawn(program, args, { ...runner.identity, cwd, env, detached: true, stdio: ['ignore', log, log] });
    await once(child, 'spawn');
  } finally {
    closeSync(log);
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} was started without a process id`);
  const exited = exitOf(child);
  if (!runner.diesWithParent) watchOver({ pid, signal: deathSignal, exited });
  return {
    pid,
    exited,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    async end(steps) {
      for (const { signal, limitMs } of steps) {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill(signal);
        const patience = new AbortController();
        await Promise.race([exited, sleep(limitMs, undefined, { signal: patience.signal }).catch(() => {})]);
        patience.abort();
      }
    },
  };
}

function exitOf(child: ChildProcess): Promise<ServerExit> {
  const { promise, resolve } = Promise.withResolvers<ServerExit>();
  child.once('exit', (code, signal) => resolve({ code, signal }));
  return promise;
}

/** Where the kernel can't tie a child to its parent: a shell that waits for the end of this process, then signals. */
function watchOver({ pid, signal, exited }: { pid: number; signal: string; exited: Promise<ServerExit> }): void {
  const script = `trap '' INT TERM HUP; read _; kill -s "$1" "$2" 2>/dev/null`;
  const watcher = spawn('sh', ['-c', script, 'sh', signal, String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  watcher.on('error', () => {});
  watcher.stdin.on('error', () => {});
  // First the watcher, then nothing: once the server has ended, its number may be given to another process.
  void exited.then(() => watcher.kill('SIGKILL'));
}
