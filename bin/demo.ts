import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./apportion.ts', import.meta.url));
const APPS = 2_000;
const EVENTS = 100_000;
const DAY = '2018-04-01';
const PERIOD = '2018-04-H1';
const AS_OF = '2018-04-02T02:00:00+08:00';
const SHOWN_LINES = 60;
const SCREEN_LINES = 34;
const TRIED_DEVELOPERS = 20;
const START_LIMIT_MS = 60_000;

/** Runs the commands that a user would, in a folder of its own, and shows each with what it prints. */
async function demo(): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'apportion-demo-'));
  const sample = path.join(folder, 'sample');
  const at = (file: string) => path.join(sample, file);
  const startedAt = performance.now();
  const up = await startUp(folder);
  try {
    for (const line of [
      ['generate', '--apps', String(APPS), '--events', String(EVENTS), '--day', DAY, '--seed', 'demo', '--out', sample],
      ['catalog', 'import', at('catalog.json')],
      ['plans', 'import', at('plans.json')],
      ['ingest', at('events.ndjson'), '--as-of', AS_OF],
      ['settle', '--due'],
      ['ledger', 'trial-balance'],
    ]) {
      const { exitCode } = await apportion(line, { folder });
      if (exitCode !== 0) return exitCode;
    }
    const developer = await shownDeveloper(folder);
    for (const line of [['statement', '--developer', developer, '--period', PERIOD], ['verify']]) {
      const { exitCode } = await apportion(line, { folder });
      if (exitCode !== 0) return exitCode;
    }
    console.log(`\ndone in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    return 0;
  } finally {
    up.kill('SIGTERM');
    await once(up, 'exit');
    await apportion(['down'], { folder, silent: true });
    await rm(folder, { recursive: true, force: true });
  }
}

/** `apportion up`: the servers and the worker processes that the other commands hand their work to. */
async function startUp(folder: string): Promise<ChildProcess> {
  console.log('\n$ npx apportion up &');
  const up = spawn(process.execPath, [PROGRAM, 'up'], {
    env: environment(folder),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { promise: isUp, resolve, reject } = Promise.withResolvers<void>();
  up.stderr.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text.replaceAll(folder, '…'));
    if (text.includes('apportion is up')) resolve();
  });
  up.once('exit', code => reject(new Error(`apportion up ended with exit code ${code}`)));
  await Promise.race([isUp, once(AbortSignal.timeout(START_LIMIT_MS), 'abort')]);
  return up;
}

/** Who is owed most among those whose statement fits on a screen. */
async function shownDeveloper(folder: string): Promise<string> {
  const { text } = await apportion(['ledger', 'balances', '--account', 'payable', '--json'], { folder, silent: true });
  const { items } = JSON.parse(text) as { items: { developer_id: string; balance: { amount: string } }[] };
  const [most, ...others] = items
    .toSorted((a, b) => Number(b.balance.amount) - Number(a.balance.amount))
    .slice(0, TRIED_DEVELOPERS)
    .map(row => row.developer_id);
  if (most === undefined) throw new Error('nobody is owed anything');
  for (const developer of [most, ...others]) {
    const statement = await apportion(['statement', '--developer', developer, '--period', PERIOD], {
      folder,
      silent: true,
    });
    if (statement.text.split('\n').length <= SCREEN_LINES) return developer;
  }
  return most;
}

function environment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, APPORTION_HOME: path.join(folder, 'home') };
}

async function apportion(
  args: readonly string[],
  { folder, silent = false }: { readonly folder: string; readonly silent?: boolean },
): Promise<{ exitCode: number; text: string }> {
  if (!silent) console.log(`\n$ npx apportion ${args.join(' ').replaceAll(`${folder}/`, '')}`);
  const child = spawn(process.execPath, [fileURLToPath(new URL('./apportion.ts', import.meta.url)), ...args], {
    env: { ...process.env, APPORTION_HOME: path.join(folder, 'home') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
  if (!silent) console.log(shorten(text.trimEnd()));
  const exitCode =
    child.exitCode ?? (await new Promise<number>(resolve => child.once('exit', code => resolve(code ?? 1))));
  return { exitCode, text };
}

function shorten(text: string): string {
  const lines = text.split('\n');
  if (lines.length <= SHOWN_LINES) return text;
  const half = Math.floor(SHOWN_LINES / 2);
  return [...lines.slice(0, half), `  … ${lines.length - 2 * half} lines …`, ...lines.slice(-half)].join('\n');
}

process.exitCode = await demo();
