import { readFileSync } from 'node:fs';
import os from 'node:os';
import { type CommandResult, runCommand } from './run-command.ts';

const PROBE_LIMIT_MS = 5_000;

/** How to start a program here so that Postgres accepts its user and so that it ends with its parent. */
export interface Runner {
  /** The whole command line, wrapped in what changes the user and ties the process to its parent. */
  commandLine(command: readonly string[], deathSignal: 'INT' | 'TERM' | 'KILL'): string[];
  readonly identity: { readonly uid?: number; readonly gid?: number };
  readonly diesWithParent: boolean;
  /** Who must own the data folder: null is the user who runs this process. */
  readonly folderOwner: Account | null;
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A way that may or may not work here, before it is tried. */
interface Way {
  readonly enter: readonly string[];
  readonly identity?: Account;
  readonly folderOwner: Account | null;
}

export interface RunnerQuestion {
  /** A harmless command that ends at once, such as `postgres --version`. */
  readonly probe: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The owner of a data folder that exists. */
  readonly owner: Account | null;
}

/**
 * The first way that works, for a server that refuses to run as root:
 * an ordinary user runs it as itself;
 * root as another user of a namespace of its own, which still owns root's files and needs no chown;
 * else, as in containers that forbid namespaces, as `postgres` or `nobody` who keep the one capability that lets them
 * into folders like /root; else as they are.
 * @returns the last attempt's output where none works.
 */
export async function chooseServerRunner(question: RunnerQuestion): Promise<Runner | CommandResult> {
  return await firstThatWorks(waysFor(question.owner), question);
}

/** For a server that doesn't mind who runs it. */
export async function choosePlainRunner(question: Omit<RunnerQuestion, 'owner'>): Promise<Runner | CommandResult> {
  return await firstThatWorks([{ enter: [], folderOwner: null }], question);
}

export function isRunner(answer: Runner | CommandResult): answer is Runner {
  return 'commandLine' in answer;
}

async function firstThatWorks(ways: readonly Way[], { probe, env }: Omit<RunnerQuestion, 'owner'>) {
  let last: CommandResult = { ok: false, stdout: '', stderr: 'no way to run it was found' };
  for (const way of ways) {
    for (const diesWithParent of [true, false]) {
      const runner = runnerOf(way, diesWithParent);
      last = await runCommand(runner.commandLine(probe, 'TERM'), { limitMs: PROBE_LIMIT_MS, env, ...runner.identity });
      if (last.ok) return runner;
    }
  }
  return last;
}

function runnerOf({ enter, identity, folderOwner }: Way, diesWithParent: boolean): Runner {
  return {
    // The tie to the parent comes last: changing the user unties it.
    commandLine: (command, deathSignal) =>
      diesWithParent ? [...enter, 'setpriv', '--pdeathsig', deathSignal, '--', ...command] : [...enter, ...command],
    identity: identity ?? {},
    diesWithParent,
    folderOwner,
  };
}

function waysFor(owner: Account | null): Way[] {
  const accounts = knownAccounts();
  const plain: Way = { enter: [], folderOwner: null };
  const [stranger = { uid: 65534, gid: 65534 }] = accounts;
  // initdb looks up the name of its user, so the namespace's user must be one that /etc/passwd knows.
  const inNamespace: Way = {
    enter: ['unshare', '--user', `--map-user=${stranger.uid}`, `--map-group=${stranger.gid}`, '--'],
    folderOwner: null,
  };
  if (process.geteuid?.() !== 0) return hasName() ? [plain] : [inNamespace, plain];

  const other = owner === null || owner.uid === 0 ? stranger : owner;
  const asOther: Way[] = [
    {
      enter: [
        'setpriv',
        `--reuid=${other.uid}`,
        `--regid=${other.gid}`,
        '--clear-groups',
        '--inh-caps=+dac_override',
        '--ambient-caps=+dac_override',
        '--',
      ],
      folderOwner: other,
    },
    { enter: [], identity: other, folderOwner: other },
  ];
  // A folder that already belongs to another user stays theirs.
  return other === owner ? asOther : [inNamespace, ...asOther];
}

/** Whether the system knows the user who runs this; a container can be run under a number that has no name. */
function hasName(): boolean {
  try {
    return os.userInfo().username !== '';
  } catch {
    return false;
  }
}

/** Users of /etc/passwd other than root, those made for such servers first. */
function knownAccounts(): Account[] {
  const preferred = ['nobody', 'postgres'];
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map(line => line.split(':'))
      .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
      .filter(({ uid, gid }) => uid > 0 && Number.isInteger(gid))
      .sort((a, b) => preferred.indexOf(b.name) - preferred.indexOf(a.name))
      .map(({ uid, gid }) => ({ uid, gid }));
  } catch {
    return [];
  }
}
