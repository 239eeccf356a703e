import type pg from 'pg';
import { textRows } from '../db/prepared.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

/** What is known of one ad unit and day. */
export interface UnitDay {
  readonly developerId: string;
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly grossNanos: Nanos;
}

/** Accepted events of one ad unit and day that do not count, for one reason. */
export interface UncountedDay extends UnitDay {
  readonly reason: string;
  /** Null: an automatic check. */
  readonly invalidationId: string | null;
  /** The run that deducted it from earnings; null: it never was among them. */
  readonly runId: string | null;
}

/** What the days of one developer are made of. */
export interface DaysOfDeveloper {
  /** All that was accepted as valid by itself, deductions not taken off. */
  readonly earned: UnitDay[];
  readonly uncounted: UncountedDay[];
  /** Days that changed since they were last settled. */
  readonly due: Set<BusinessDay>;
}

interface DaysAsked {
  readonly bucket: number;
  readonly developerIds: readonly string[];
  readonly days: readonly BusinessDay[];
}

/** By developer; developers with nothing on the days are left out. */
export async function daysOfDevelopers(
  client: pg.ClientBase,
  { bucket, developerIds, days }: DaysAsked,
): Promise<Map<string, DaysOfDeveloper>> {
  const rows = await textRows(client, SELECT_ALL, [bucket, days, developerIds]);
  const developers = new Map<string, DaysOfDeveloper>();
  for (const [developer, lines] of rows) {
    const developerId = developer as string;
    const known: DaysOfDeveloper = { earned: [], uncounted: [], due: new Set() };
    for (const line of (lines as string).split('\n')) {
      const columns = line.split('\t');
      if (columns[0] === 'due') known.due.add(columns[1] as BusinessDay);
      else if (columns[0] === 'earned') known.earned.push(unitDay(developerId, columns));
      else known.uncounted.push(uncountedDay(developerId, columns));
    }
    developers.set(developerId, known);
  }
  return developers;
}

/** What the given runs changed about the deductions of the days, by developer. */
export async function deductionsOfRuns(
  client: pg.ClientBase,
  { bucket, developerIds, days, runIds }: DaysAsked & { readonly runIds: readonly string[] },
): Promise<Map<string, UncountedDay[]>> {
  const text = `select developer_id, ${DEDUCTED} from deductions ${OF_DAYS} and run_id = any ($4)`;
  const rows = await textRows(client, text, [bucket, days, developerIds, runIds]);
  const deductions = rows.map(([developerId, line]) =>
    uncountedDay(developerId as string, (line as string).split('\t')),
  );
  return Map.groupBy(deductions, row => row.developerId);
}

const OF_DAYS = 'where bucket = $1 and business_date = any ($2::date[]) and developer_id = any ($3)';

/** SQL for a line: what it is and its columns, between tabs, which none of them can contain. */
function lineOf(kind: string, ...columns: readonly string[]): string {
  return `concat_ws(chr(9), '${kind}', business_date${columns.map(column => `, ${column}`).join('')})`;
}

const UNIT = ['app_id', 'ad_unit_id', 'currency', 'impressions', 'clicks', 'gross_nanos'];
const DEDUCTED = lineOf('deducted', ...UNIT, 'reason', 'invalidation_id', 'run_id');

/** A row a developer: many rows of many columns take longer to receive than to read. */
const SELECT_ALL = `select developer_id, string_agg(line, chr(10))
     from (
       select developer_id, ${lineOf('earned', ...UNIT)} as line from earnings ${OF_DAYS}
       union all
       select developer_id, ${DEDUCTED} from deductions ${OF_DAYS}
       union all
       select developer_id, ${lineOf('never', ...UNIT, 'reason')} from invalid_earnings ${OF_DAYS}
       union all
       select developer_id, ${lineOf('due')} from due_days ${OF_DAYS}
     ) as known
     group by developer_id`;

function unitDay(developerId: string, columns: readonly string[]): UnitDay {
  return {
    developerId,
    businessDay: columns[1] as BusinessDay,
    appId: columns[2] as string,
    adUnitId: columns[3] as string,
    currency: columns[4] as string,
    impressions: Number(columns[5]),
    clicks: Number(columns[6]),
    grossNanos: nanos(BigInt(columns[7] as string)),
  };
}

function uncountedDay(developerId: string, columns: readonly string[]): UncountedDay {
  return {
    ...unitDay(developerId, columns),
    reason: columns[8] as string,
    invalidationId: columns[9] || null,
    runId: columns[10] ?? null,
  };
}

/** The developers of a bucket of whom anything was accepted on the days, in no order. */
export async function developersWithEvents(
  client: pg.ClientBase,
  { bucket, days }: { readonly bucket: number; readonly days: readonly BusinessDay[] },
): Promise<string[]> {
  const rows = await textRows(
    client,
    `select developer_id from earnings where bucket = $1 and business_date = any ($2::date[])
     union
     select developer_id from invalid_earnings where bucket = $1 and business_date = any ($2::date[])`,
    [bucket, days],
  );
  return rows.map(([developerId]) => developerId as string);
}
