import type { EventExplanation } from './explain-event.ts';
import type { DayEventRow } from './list-day-events.ts';
import { runLines, transferLines } from './render-explanation.ts';
import { type Column, decimal, grouped, left, right, textTable } from './text-table.ts';
import type { Verdict } from './verdict.ts';

/** One event as people read it on a terminal, up to the transfers that it is in. */
export function renderEvent(explanation: EventExplanation): string {
  const { event, as_known_on, developer_id, business_date, accepted, conflicts, runs, transfers } = explanation;
  const lines = [
    `${event.type} ${printable(event.id)} of developer ${developer_id}, business day ${business_date}`,
    ...(as_known_on === null ? [] : [`As known on ${as_known_on}`]),
    '',
    'Accepted as',
    ...fieldLines(event),
    `  from ${printable(accepted.file)} line ${accepted.line_no}, accepted ${accepted.accepted_at}`,
    `  in batch ${accepted.batch_seq} (${accepted.batch_id}), processed ${accepted.processed_at}`,
    ...conflictLines(conflicts),
    '',
    ...priceLines(explanation),
    ...verdictLines(explanation.verdict),
    ...runLines(runs, 'Runs of the day that knew it'),
    ...(transfers.length === 0
      ? ['', 'Posted: nothing yet by a run that knew it']
      : ['', `Posted by these runs for ${event.app_id} in ${event.currency}`, ...transfers.flatMap(transferLines)]),
  ];
  return `${lines.join('\n')}\n`;
}

function fieldLines(event: EventExplanation['event']): string[] {
  return Object.entries(event).flatMap(([name, value]) =>
    value === null ? [] : [`  ${name.padEnd(14)} ${printable(value)}`],
  );
}

function conflictLines(conflicts: EventExplanation['conflicts']): string[] {
  if (conflicts.length === 0) return [];
  return [
    '',
    'Lines with its identity and other content, which do not count',
    ...conflicts.flatMap(({ file, line_no, batch_seq, processed_at, line }) => [
      `  ${printable(file)} line ${line_no}, batch ${batch_seq}, processed ${processed_at}`,
      `    ${printable(line)}`,
    ]),
  ];
}

function priceLines({ event, price, priced_by, gross }: EventExplanation): string[] {
  const source = priced_by === 'line' ? 'on the line' : `by the rate card of campaign ${event.campaign_id}`;
  const each = event.type === 'impression' ? `${grouped(price)} a thousand ÷ 1000` : `${grouped(price)} a click`;
  return [`Price ${source}: ${each} = gross ${grouped(gross.amount)} ${gross.currency}`];
}

function verdictLines({ valid, reason, policy, invalidation }: Verdict): string[] {
  if (valid) return ['It counts: no check and no decision says otherwise'];
  const said = `It does NOT count: ${reason}`;
  if (invalidation !== null) {
    const { id, actor, recorded_at, note } = invalidation;
    return [said, `  by invalidation ${id} of ${actor}, ${recorded_at}${note === null ? '' : `: ${note}`}`];
  }
  const parameters = Object.entries(policy?.parameters ?? {}).map(([name, value]) => `${name} ${grouped(value)}`);
  const how = parameters.length === 0 ? '' : `: ${parameters.join(', ')}`;
  return [said, `  by the traffic policy from ${policy?.effective_from} of version ${policy?.reference_version}${how}`];
}

const COLUMNS: readonly Column[] = [
  left('Id'),
  left('Type'),
  left('Occurred'),
  left('Ad unit'),
  decimal('Price'),
  decimal('Gross'),
  left(''),
  left('Verdict'),
  right('Batch'),
  right('Line'),
];

export function dayEventsTable(rows: readonly DayEventRow[]): string {
  if (rows.length === 0) return 'no accepted events of that app on that day';
  return textTable(
    COLUMNS,
    rows.map(row => [
      row.id,
      row.type,
      row.occurred_at,
      row.ad_unit_id,
      grouped(row.price),
      grouped(row.gross.amount),
      row.gross.currency,
      row.verdict,
      String(row.batch_seq),
      String(row.line_no),
    ]),
  ).join('\n');
}

/** Texts of a log come from outside: nothing in them may move the cursor of a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
}
