import type { DecisionRow, DecisionTransferRow, DueRow, ShownDecision } from '../decisions/show-decision.ts';
import { decimal, grouped, left, secondOf, textTable } from './text-table.ts';

/** Transfers shown as text; JSON has them all. */
const SHOWN_TRANSFERS = 100;
const SHOWN_DUE = 20;
const SHOWN_ENTRIES = 20;

export function decisionsTable(rows: readonly DecisionRow[]): string {
  return textTable(
    [left('Decision'), left('Kind'), left('Status'), left('Proposed'), left('By'), left('Decided by'), left('Reason')],
    rows.map(row => [
      row.id,
      row.kind,
      row.status,
      secondOf(row.proposed_at),
      row.proposed_by,
      row.decided_by ?? '',
      row.reason,
    ]),
  ).join('\n');
}

/** A decision as a person who has to approve it reads it. */
export function renderDecision(decision: ShownDecision): string {
  return [
    head(decision).join('\n'),
    parametersText(decision),
    transfersText(decision),
    ...(decision.due.length === 0 ? [] : [dueText(decision.due)]),
    ...(decision.problem === null ? [] : [`It can't be applied now: ${decision.problem.message}`]),
    ...(decision.status === 'proposed' ? [nextStep(decision)] : []),
  ].join('\n\n');
}

function head(decision: ShownDecision): string[] {
  const lines: [string, string][] = [
    ['Decision', decision.id],
    ['Kind', decision.kind],
    ['Status', decision.status],
    ['Reason', decision.reason],
    ['Proposed', `${secondOf(decision.proposed_at)} by ${decision.proposed_by}`],
  ];
  if (decision.expires_at !== null) lines.push(['Expires', secondOf(decision.expires_at)]);
  if (decision.decided_at !== null)
    lines.push(['Decided', `${secondOf(decision.decided_at)} by ${decision.decided_by}`]);
  if (decision.note !== null) lines.push(['Note', decision.note]);
  for (const piece of decision.evidence) {
    lines.push(['Evidence', 'text' in piece ? piece.text : `${piece.file} (SHA-256 ${piece.sha256})`]);
  }
  return lines.map(([label, text]) => `${label.padEnd(10)}${text}`);
}

/** What is asked for, in the words of the file; not the rows of a list that stand below as transfers. */
function parametersText({ parameters, transfers }: ShownDecision): string {
  const fields = Object.entries(parameters as object).filter(([, value]) => value !== null);
  const lines = fields.flatMap(([name, value]: [string, unknown]) => {
    if (!Array.isArray(value)) return [`  ${name}: ${wordOf(value)}`];
    const title = `  ${name}: ${grouped(value.length)}`;
    if (transfers.length > 0) return [title];
    const rest = value.length - SHOWN_ENTRIES;
    const entries = value.slice(0, SHOWN_ENTRIES).map(entry => `    ${wordOf(entry)}`);
    return [title, ...entries, ...(rest > 0 ? [`    … and ${grouped(rest)} more; --json shows them all`] : [])];
  });
  return ['It asks for:', ...lines].join('\n');
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, (_name, each: unknown) => each ?? undefined);
}

function transfersText({ transfers, moved, notes, status }: ShownDecision): string {
  if (moved.length > 0 || notes.length > 0) return summaryText({ moved, notes, status });
  if (transfers.length === 0)
    return status === 'applied' || status === 'proposed'
      ? 'It posts no transfers itself; the next run posts what follows from it.'
      : 'It has moved nothing.';
  const rest = transfers.length - SHOWN_TRANSFERS;
  const title = status === 'applied' ? 'Transfers made' : 'Transfers it would make';
  return [
    `${title}: ${grouped(transfers.length)}`,
    ...transfersTable(transfers.slice(0, SHOWN_TRANSFERS)),
    ...(rest > 0 ? [`… and ${grouped(rest)} more; --json shows them all`] : []),
  ].join('\n');
}

function summaryText({ moved, notes, status }: Pick<ShownDecision, 'moved' | 'notes' | 'status'>): string {
  const title = status === 'applied' ? 'Moved over all books:' : 'It would move, over all books:';
  const table = textTable(
    [left('Account'), decimal('Debits'), decimal('Credits'), left('Currency')],
    moved.map(({ account, debits, credits }) => [
      ...[account, grouped(debits.amount), grouped(credits.amount), debits.currency],
    ]),
  );
  return [...notes, ...(moved.length === 0 ? [] : [title, ...table])].join('\n');
}

function transfersTable(rows: readonly DecisionTransferRow[]): string[] {
  return textTable(
    [
      left('Book'),
      left('App'),
      left('Day'),
      left('Period'),
      left('Debit'),
      left('Credit'),
      decimal('Amount'),
      left('Currency'),
      left('Reason'),
    ],
    rows.map(row => [
      row.book,
      row.app_id ?? '',
      row.business_date ?? '',
      row.period,
      row.debit,
      row.credit,
      grouped(row.amount.amount),
      row.amount.currency,
      row.why,
    ]),
  );
}

function dueText(rows: readonly DueRow[]): string {
  return [
    'Made due, for the next run to post:',
    ...rows.slice(0, SHOWN_DUE).map(row => {
      const whose = [row.developer_id, row.app_id, row.currency].filter(each => each !== null).join(' ');
      return `  ${whose === '' ? 'everything' : whose} from ${row.from} to ${row.to ?? 'now'}`;
    }),
    ...(rows.length > SHOWN_DUE ? [`  … and ${grouped(rows.length - SHOWN_DUE)} more; --json shows them all`] : []),
  ].join('\n');
}

function nextStep({ id }: ShownDecision): string {
  return `Somebody else approves it with: npx apportion decisions approve '${id}' --actor ID`;
}
