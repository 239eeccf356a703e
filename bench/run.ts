import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Bench, Figure } from './bench.ts';
import { closeAllHomes } from './home.ts';
import { MachineNotes } from './machine.ts';
import { type Options, readOptions, usage } from './options.ts';
import { dataOf, tableOf } from './report.ts';
import type { Row } from './row.ts';

/** Of the table; figures that are not named here come last. */
const ORDER = [
  ...['events', 'replay', 'processor-time', 'disk', 'event-memory', 'verify'],
  ...['settlement', 'settlement-scale', 'second-run', 'settlement-memory', 'statement', 'trial-balance', 'month'],
];

/** Measures, prints a table, writes JSON. A target that is not met is no failure: this tells, it does not judge. */
async function run(args: readonly string[]): Promise<number> {
  const figures = await findFigures();
  let options: Options;
  try {
    options = readOptions(args, figures);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }
  if (options.help) {
    console.log(usage(figures));
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error("the benchmark reads processor time and memory from Linux's /proc");
    return 2;
  }
  const chosen = figures.filter(({ name }) => options.only?.includes(name) ?? true);
  const startedAt = new Date();
  const folder = await mkdtemp(path.join(tmpdir(), 'apportion-bench-'));
  const machine = new MachineNotes();
  const notes: string[] = options.quick
    ? [
        '--quick: small sizes and few runs show that everything works; start-up weighs much in them, so they are no figures',
      ]
    : [];
  const bench: Bench = {
    ...options,
    folder,
    machine,
    ...asked(options, chosen),
    note: line => notes.push(line),
    progress,
  };
  const stop = cleanUpOnSignals(folder);
  try {
    const rows = await measure(bench, chosen);
    const sizes = Object.fromEntries(options.sizes);
    console.log(`\n${tableOf(rows)}\n\n${[...notes, sizesText(options)].join('\n')}\n\n${machine.asText()}`);
    await mkdir(path.dirname(path.resolve(options.json)), { recursive: true });
    const { quick, runs } = options;
    const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
    const data = { startedAt, seconds, command: args, quick, runs, sizes, machine: machine.asData(), notes };
    await writeFile(options.json, `${JSON.stringify({ ...data, rows: rows.map(dataOf) }, null, 2)}\n`);
    console.log(`\n${seconds} s in all; written to ${options.json}`);
    return 0;
  } finally {
    stop();
    await cleanUp(folder);
  }
}

async function measure(bench: Bench, figures: readonly Figure[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const its of Map.groupBy(figures, figure => figure.stage.name).values()) {
    for (const figure of its) {
      bench.progress(`${figure.name}`);
      rows.push(...(await figure.measure(bench)));
    }
    await its[0]?.stage.close();
  }
  return rows;
}

/** Every `figure-NAME.ts` beside this file; those of one stage together. */
async function findFigures(): Promise<Figure[]> {
  const files = (await readdir(import.meta.dirname)).filter(file => /^figure-.*\.ts$/.test(file)).sort();
  const figures: Figure[] = [];
  for (const file of files) {
    const { figure } = (await import(`./${file}`)) as { readonly figure: Figure };
    figures.push(figure);
  }
  const place = ({ name }: Figure) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return figures.sort((a, b) => place(a) - place(b));
}

function asked({ sizes }: Options, chosen: readonly Figure[]): Pick<Bench, 'size' | 'selected'> {
  return {
    size: name => {
      const size = sizes.get(name);
      if (size === undefined) throw new Error(`no figure has a size ${name}`);
      return size;
    },
    selected: name => chosen.some(figure => figure.name === name),
  };
}

function sizesText({ sizes, runs }: Options): string {
  return `runs ${runs}, ${[...sizes].map(([name, size]) => `${name} ${size.toLocaleString('en-US')}`).join(', ')}`;
}

/** Servers end with this process in any case; their folders are large and must not be left behind. */
function cleanUpOnSignals(folder: string): () => void {
  const end = (signal: NodeJS.Signals) => {
    progress(`stopping on ${signal}`);
    void cleanUp(folder).finally(() => process.exit(130));
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  return () => process.off('SIGINT', end).off('SIGTERM', end);
}

async function cleanUp(folder: string): Promise<void> {
  await closeAllHomes();
  await rm(folder, { recursive: true, force: true });
}

function progress(line: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
}

process.exitCode = await run(process.argv.slice(2));
