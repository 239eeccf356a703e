import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { runCommand } from './run-command.ts';

/** Debian's redis-tools contains the server: redis-check-rdb is the same program under another name. */
const PACKAGE = 'redis-tools';
const DOWNLOAD_LIMIT_MS = 8_000;
const UPDATE_LIMIT_MS = 20_000;
/** apt knows no packages yet, as in fresh containers, or knows a version that the mirror has dropped since. */
const STALE_LISTS = /Unable to locate package|Can't (select|find)|no installation candidate|404/;
const MAX_ROUNDS = 4;

/** Where a server unpacked for this system lies in the cache folder, and the folders of the libraries that came with it. */
export function unpackedServer(cacheDir: string): { folder: string; command: string; libraryFolders: string[] } {
  const folder = path.join(cacheDir, `redis-${systemName()}`);
  const libraryFolders = ['usr/lib', 'lib'].flatMap(parent => triplets(path.join(folder, parent)));
  return { folder, command: path.join(folder, 'usr/bin/redis-server'), libraryFolders };
}

/**
 * Unpacks redis-server, with the libraries that this machine lacks, from the system's own signed packages into the
 * cache folder. Needs no root and installs nothing. Takes a second or two; where nothing answers, 8 seconds or, if
 * apt's lists are empty, 20.
 * @returns false where that is not possible: no apt, no network, no such package, no room
 */
export async function unpackServer(cacheDir: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  let place: string | undefined;
  try {
    mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
    place = mkdtempSync(path.join(cacheDir, 'unpacking-'));
    const tree = path.join(place, 'tree');
    if (!(await unpackWithLibraries({ place, tree }))) return false;
    if (!existsSync(path.join(tree, 'usr/bin/redis-check-rdb'))) return false;
    symlinkSync('redis-check-rdb', path.join(tree, 'usr/bin/redis-server'));
    putInPlace({ tree, folder: unpackedServer(cacheDir).folder });
    return true;
  } catch (error) {
    // A cache that can't be written, or is full, is one more reason to do without.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  } finally {
    if (place !== undefined) rmSync(place, { recursive: true, force: true });
  }
}

async function unpackWithLibraries({ place, tree }: { place: string; tree: string }): Promise<boolean> {
  const apt = aptOptions(place);
  const first = await download({ place, names: [PACKAGE], apt });
  if (first === null) return false;
  const seen = new Set([PACKAGE]);
  let packages = first.packages;
  for (let round = 0; round < MAX_ROUNDS && packages.length > 0; round++) {
    const wanted: string[] = [];
    for (const file of packages) {
      if (!(await runCommand(['dpkg-deb', '-x', file, tree], { limitMs: 10_000 })).ok) return false;
      wanted.push(...(await dependencies(file)));
    }
    const missing = await notInstalled(wanted.filter(name => !seen.has(name)));
    for (const name of missing) seen.add(name);
    const next = missing.length === 0 ? { packages: [] } : await download({ place, names: missing, apt: first.apt });
    if (next === null) return false;
    packages = next.packages;
  }
  return true;
}

interface AptOptions {
  readonly common: readonly string[];
  /** Lists and caches of our own instead of the system's, which only root may write. */
  readonly ownLists: readonly string[];
}

function aptOptions(place: string): AptOptions {
  const set = (values: Record<string, string>) =>
    Object.entries(values).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  return {
    common: set({
      'Acquire::Retries': '0',
      'Acquire::http::Timeout': '4',
      'Acquire::https::Timeout': '4',
      'Acquire::Languages': 'none',
      // As root, apt would download as a user who can't enter this folder, and complain.
      'APT::Sandbox::User': process.geteuid?.() === 0 ? 'root' : '',
    }),
    ownLists: set({ 'Dir::State::Lists': path.join(place, 'lists'), 'Dir::Cache': path.join(place, 'cache') }),
  };
}

interface Download {
  readonly packages: string[];
  /** The options that worked. */
  readonly apt: AptOptions;
}

async function download(wish: { place: string; names: readonly string[]; apt: AptOptions }): Promise<Download | null> {
  const { place, names, apt } = wish;
  const folder = mkdtempSync(path.join(place, 'packages-'));
  // Its messages are told apart below, so they must be English; proxies and apt's own settings are the user's.
  const env = { ...process.env, LC_ALL: 'C' };
  const fetchWith = (options: readonly string[]) =>
    runCommand(['apt-get', ...options, 'download', ...names], { cwd: folder, env, limitMs: DOWNLOAD_LIMIT_MS });
  const packages = () => readdirSync(folder).map(name => path.join(folder, name));

  const first = await fetchWith(apt.common);
  if (first.ok) return { packages: packages(), apt };
  if (!STALE_LISTS.test(first.stderr)) return null;
  for (const name of ['lists', 'cache']) mkdirSync(path.join(place, name), { recursive: true });
  const common = [...apt.common, ...apt.ownLists];
  if (!(await runCommand(['apt-get', ...common, 'update'], { env, limitMs: UPDATE_LIMIT_MS })).ok) return null;
  return (await fetchWith(common)).ok ? { packages: packages(), apt: { ...apt, common } } : null;
}

/** Names of the packages that this one depends on, the first of each choice. */
async function dependencies(file: string): Promise<string[]> {
  const { stdout } = await runCommand(['dpkg-deb', '-f', file, 'Depends'], { limitMs: 10_000 });
  return (
    stdout
      .split(',')
      .map(choice => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(choice)?.[1] ?? '')
      // The C library must be the system's own, and scripts of an installation do not run.
      .filter(name => name !== '' && name !== 'libc6' && name !== 'adduser')
  );
}

async function notInstalled(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const format = '${db:Status-Status} ${Package}\n';
  const { stdout } = await runCommand(['dpkg-query', '-W', '-f', format, ...names], { limitMs: 10_000 });
  const installed = new Set(
    stdout.split('\n').flatMap(line => (line.startsWith('installed ') ? [line.slice(10)] : [])),
  );
  return names.filter(name => !installed.has(name));
}

/** By rename, so that a half-unpacked server is never found; where another process was faster, theirs stays. */
function putInPlace({ tree, folder }: { tree: string; folder: string }): void {
  try {
    renameSync(tree, folder);
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && ['ENOTEMPTY', 'EEXIST'].includes(String(error.code));
    if (!taken) throw error;
  }
}

/** Another release has other libraries, so each has its own folder: "debian-12-x64". */
function systemName(): string {
  let release = '';
  try {
    release = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // Then the architecture has to do.
  }
  const field = (name: string) => new RegExp(`^${name}="?([\\w.-]+)"?$`, 'm').exec(release)?.[1] ?? 'unknown';
  return `${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
}

function triplets(parent: string): string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent).flatMap(name => (name.includes('-linux-gnu') ? [path.join(parent, name)] : []));
}
