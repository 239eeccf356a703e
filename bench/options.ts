import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Figure, Sizes } from './bench.ts';

export interface Options {
  readonly quick: boolean;
  readonly help: boolean;
  readonly only: readonly string[] | null;
  readonly runs: number;
  readonly json: string;
  readonly pgledger: string | null;
  readonly sizes: ReadonlyMap<string, number>;
}

const RUNS = { full: 5, quick: 1 };
const MAX_SIZE = 1e9;
const RESULT_FILE = path.join('bench', 'results', 'latest.json');

/** @throws Error for what can't be understood */
export function readOptions(args: readonly string[], figures: readonly Figure[]): Options {
  const sizes = sizesOf(figures);
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ quick: flag, help: flag, only: text, runs: text, json: text, pgledger: text },
      ...Object.fromEntries(Object.keys(sizes).map(name => [name, text])),
    },
  });
  const quick = values.quick === true;
  const given = new Map(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
  const only = given.get('only')?.split(',') ?? null;
  const unknown = only?.find(name => figures.every(figure => figure.name !== name));
  if (unknown !== undefined) {
    throw new Error(
      `--only ${unknown}: there is no such figure; there are ${figures.map(({ name }) => name).join(', ')}`,
    );
  }
  return {
    quick,
    help: values.help === true,
    only,
    runs: numberOf('runs', given.get('runs')) ?? RUNS[quick ? 'quick' : 'full'],
    json: given.get('json') ?? RESULT_FILE,
    pgledger: checkoutOf(given.get('pgledger')),
    sizes: new Map(
      Object.entries(sizes).map(([name, size]) => [
        name,
        numberOf(name, given.get(name)) ?? size[quick ? 'quick' : 'full'],
      ]),
    ),
  };
}

export function usage(figures: readonly Figure[]): string {
  const rows: [string, string][] = [
    ['--quick', `small sizes, ${RUNS.quick} run of each; to see that everything works, not how fast it is`],
    ['--only NAME,…', figures.map(figure => figure.name).join(', ')],
    ['--runs N', `of each interleaved measurement; default ${RUNS.full}`],
    ['--pgledger PATH', 'a checkout of pgr0ss/pgledger for the SQL ledger'],
    ['--json FILE', `default ${RESULT_FILE}`],
    ...Object.entries(sizesOf(figures)).map(([name, { full, quick, help }]): [string, string] => [
      `--${name} N`,
      `${help}; default ${full.toLocaleString('en-US')}, quick ${quick.toLocaleString('en-US')}`,
    ]),
  ];
  const width = Math.max(...rows.map(([option]) => option.length));
  return ['npm run bench -- [options]', '', ...rows.map(([option, help]) => `${option.padEnd(width)}  ${help}`)].join(
    '\n',
  );
}

function sizesOf(figures: readonly Figure[]): Sizes {
  return Object.assign({}, ...figures.flatMap(({ stage, sizes }) => [stage.sizes, sizes ?? {}]));
}

function checkoutOf(folder: string | undefined): string | null {
  if (folder === undefined) return null;
  if (!existsSync(path.join(folder, 'pgledger.sql')))
    throw new Error(`--pgledger ${folder}: there is no pgledger.sql in it`);
  return path.resolve(folder);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < 1 || value > MAX_SIZE)
    throw new Error(`--${name} ${text}: give a whole number above 0`);
  return value;
}
