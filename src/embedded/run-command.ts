import { spawn } from 'node:child_process';

const MAX_OUTPUT_CHARS = 256 * 1024;

export interface CommandOptions {
  readonly limitMs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface CommandResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a short command to its end. Never rejects: a missing program, a non-zero exit and a passed time limit (which
 * kills the command with its children) are all `ok: false`, with the reason in `stderr`.
 */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  { limitMs, ...options }: CommandOptions,
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  // Its own process group, so that the time limit reaches what the command has started too.
  const child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < MAX_OUTPUT_CHARS) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < MAX_OUTPUT_CHARS) stderr += text;
  });
  const timer = setTimeout(() => {
    stderr += `\n${program}: no end after ${limitMs} ms`;
    if (child.pid !== undefined) killGroup(child.pid);
  }, limitMs);
  child.on('error', error => resolve({ ok: false, stdout, stderr: error.message }));
  child.on('close', code => resolve({ ok: code === 0, stdout, stderr }));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}
