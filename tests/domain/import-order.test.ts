import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseAst } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Imports point to the left or stay in their room. */
const ROOMS = [
  'domain',
  'config',
  'db',
  'audit',
  'queue',
  'embedded',
  'catalog',
  'plans',
  'traffic',
  'earnings',
  'events',
  'ledger',
  'settlement',
  'funds',
  'payouts',
  'closing',
  'decisions',
  'statements',
  'verification',
  'app',
  'cli',
  'entry',
];

/** Put rooms together; they stand between the rooms and the command line. */
const APP_FILES = [
  'src/app.ts',
  'src/await-work.ts',
  'src/close-due.ts',
  'src/half-month-status.ts',
  'src/half-monthly.ts',
  'src/lock-waits.ts',
  'src/maintenance.ts',
  'src/migrate-all.ts',
  'src/settle-and-await.ts',
  'src/status.ts',
  'src/worker-set.ts',
];

/** All that pure code may ask of others. */
const DOMAIN_PACKAGES = ['node:crypto', 'decimal.js', 'currency-codes'];

const ROOM_OF_TABLE: Readonly<Record<string, string>> = {
  ad_unit_versions: 'catalog',
  ad_units: 'catalog',
  answer_files: 'payouts',
  app_versions: 'catalog',
  apps: 'catalog',
  audit_entries: 'audit',
  audit_results: 'audit',
  book_seals: 'ledger',
  bucket_seals: 'ledger',
  campaign_versions: 'catalog',
  closing_orders: 'closing',
  conflicting_lines: 'events',
  decision_outcomes: 'decisions',
  decision_totals: 'ledger',
  decisions: 'decisions',
  deductions: 'earnings',
  developer_versions: 'catalog',
  developers: 'catalog',
  due_days: 'earnings',
  earnings: 'earnings',
  exchange_rates: 'payouts',
  fund_changes: 'funds',
  fund_claims: 'funds',
  fund_days: 'funds',
  fund_first_days: 'funds',
  fund_grants: 'funds',
  fund_terms: 'funds',
  funds: 'catalog',
  hold_acts: 'settlement',
  holds: 'settlement',
  identity_segments: 'events',
  inbox_batches: 'events',
  installation: 'catalog',
  invalid_earnings: 'earnings',
  invalidations: 'traffic',
  invoice_rules: 'payouts',
  issued_statements: 'statements',
  payees: 'payouts',
  payment_files: 'payouts',
  payout_answers: 'payouts',
  payout_batches: 'payouts',
  payout_imports: 'payouts',
  payout_invoices: 'payouts',
  payout_steps: 'payouts',
  payout_terms: 'payouts',
  payouts: 'payouts',
  period_seals: 'ledger',
  person_versions: 'decisions',
  persons: 'decisions',
  plan_acceptances: 'plans',
  plan_versions: 'plans',
  posting_totals: 'ledger',
  provider_confirmations: 'catalog',
  provider_terms: 'catalog',
  provider_versions: 'catalog',
  providers: 'catalog',
  redriven_lines: 'events',
  reference_versions: 'catalog',
  reinstatements: 'traffic',
  rejected_lines: 'events',
  settlement_run_buckets: 'settlement',
  settlement_runs: 'settlement',
  sole_acts: 'decisions',
  statement_issues: 'statements',
  tax_remittances: 'payouts',
  traffic_lists: 'traffic',
  traffic_policy_versions: 'traffic',
  transfers: 'ledger',
  unmatched_answers: 'payouts',
  withholding_tables: 'payouts',
};

interface SourceFile {
  readonly name: string;
  readonly room: string;
  /** Files of ours by name, and packages. */
  readonly imports: readonly string[];
  /** Whether it exports what another file does. */
  readonly handsOn: boolean;
  /** Tables named where SQL names one. */
  readonly tables: readonly string[];
}

/** What is read of a syntax tree. */
interface SyntaxNode {
  readonly type: string;
  readonly value?: unknown;
  readonly source?: SyntaxNode | null;
  readonly quasis?: readonly { readonly value: { readonly cooked: string } }[];
  readonly key?: { readonly name?: string };
}

function roomOf(name: string): string {
  if (APP_FILES.includes(name)) return 'app';
  if (name === 'src/config.ts') return 'config';
  const [folder = '', room = ''] = name.split('/');
  return folder === 'src' ? room : 'entry';
}

function readSource(name: string): SourceFile {
  const imports: string[] = [];
  const tables = new Set<string>();
  let handsOn = false;
  const tree: unknown = parseAst(readFileSync(path.join(ROOT, name), 'utf8'), { lang: 'ts' });
  for (const node of nodesOf(tree)) {
    const from = node.source?.value;
    if (typeof from === 'string') {
      handsOn ||= node.type.startsWith('Export');
      imports.push(from.startsWith('.') ? path.join(path.dirname(name), from) : from);
    }
    for (const table of tablesIn(node)) tables.add(table);
  }
  return { name, room: roomOf(name), imports, handsOn, tables: [...tables] };
}

function* nodesOf(value: unknown): Generator<SyntaxNode> {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value && typeof value.type === 'string') yield value as SyntaxNode;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

const NAMED_IN_SQL =
  /\b(?:from|join|into|update|table|only|copy|truncate|like|references)\s+(?:apportion\.)?([a-z_]+)\b/g;
const NEXT_IN_LIST = /\b(?:from|table|truncate)\s+[a-z_]+(?:\s+(?:as\s+)?[a-z_]+)?\s*,\s*(?:apportion\.)?([a-z_]+)\b/g;

/** Tables after the words of SQL that a table follows, and those handed to COPY as `table`. */
function tablesIn(node: SyntaxNode): string[] {
  const value = node.type === 'Property' ? (node.value as SyntaxNode).value : null;
  if (node.key?.name === 'table' && typeof value === 'string') return [value].filter(isTable);
  const text = textOf(node);
  return [NAMED_IN_SQL, NEXT_IN_LIST].flatMap(pattern =>
    [...text.matchAll(pattern)].map(match => match[1] ?? '').filter(isTable),
  );
}

function isTable(name: string): boolean {
  return Object.hasOwn(ROOM_OF_TABLE, name);
}

function textOf(node: SyntaxNode): string {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type === 'TemplateLiteral') return (node.quasis ?? []).map(quasi => quasi.value.cooked).join('_');
  return '';
}

const files = globSync('{src,workers,bin}/**/*.ts', { cwd: ROOT }).sort().map(readSource);
const fileNamed = new Map(files.map(file => [file.name, file]));

test('every file stands in a room of the line', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter(file => !ROOMS.includes(file.room)).map(file => file.name)).toEqual([]);
  expect(APP_FILES.filter(name => !fileNamed.has(name))).toEqual([]);
});

test('imports of our own files name files that are there', () => {
  const missing = files.flatMap(file =>
    file.imports
      .filter(name => /^(src|workers|bin)\//.test(name) && !fileNamed.has(name))
      .map(name => `${file.name} → ${name}`),
  );
  expect(missing).toEqual([]);
});

test('imports point to the left or stay in their room', () => {
  const wrong = files.flatMap(file =>
    file.imports
      .filter(name => {
        const target = fileNamed.get(name);
        return target !== undefined && ROOMS.indexOf(target.room) > ROOMS.indexOf(file.room);
      })
      .map(name => `${file.name} → ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('no file imports itself by way of others', () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: SourceFile, above: readonly string[]) => {
    const start = above.indexOf(file.name);
    if (start >= 0) cycles.push([...above.slice(start), file.name].join(' → '));
    if (start >= 0 || done.has(file.name)) return;
    for (const name of file.imports) {
      const target = fileNamed.get(name);
      if (target !== undefined) visit(target, [...above, file.name]);
    }
    done.add(file.name);
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

test('no file hands on what another one exports', () => {
  expect(files.filter(file => file.handsOn || path.basename(file.name) === 'index.ts')).toEqual([]);
});

test('the domain needs nothing but arithmetic, and the private servers nothing but the domain and the names of roles', () => {
  const foreign = files
    .filter(file => file.room === 'domain')
    .flatMap(file => file.imports.filter(name => !name.startsWith('src/') && !DOMAIN_PACKAGES.includes(name)));
  expect(foreign).toEqual([]);
  const rooms = files
    .filter(file => file.room === 'embedded')
    .flatMap(file => file.imports.map(name => fileNamed.get(name)?.room ?? 'domain'));
  expect([...new Set(rooms)].sort()).toEqual(['db', 'domain', 'embedded']);
});

test('SQL names a table only in the room that owns it', () => {
  const strangers = files.flatMap(file =>
    // A difference bears the name of the table that it was found in.
    file.room === 'verification'
      ? []
      : file.tables.filter(table => ROOM_OF_TABLE[table] !== file.room).map(table => `${file.name}: ${table}`),
  );
  expect(strangers).toEqual([]);
  const found = new Set(files.flatMap(file => file.tables));
  expect(Object.keys(ROOM_OF_TABLE).filter(table => !found.has(table))).toEqual([]);
  const created = globSync('migrations/*.sql', { cwd: ROOT }).flatMap(name =>
    [...readFileSync(path.join(ROOT, name), 'utf8').matchAll(/^create table ([a-z_]+)/gm)].map(match => match[1]),
  );
  expect(created.sort()).toEqual(Object.keys(ROOM_OF_TABLE));
});
