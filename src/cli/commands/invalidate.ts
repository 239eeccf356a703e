import { randomUUIDv7 } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { App } from '../../app.ts';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { invalidateAlone, reinstateAlone, type SoleDeps } from '../../decisions/invalidate-alone.ts';
import type { BusinessDay } from '../../domain/business-day.ts';
import { Refusal } from '../../domain/errors.ts';
import { isId } from '../../domain/ids.ts';
import type { RecordedTraffic, TrafficSlice } from '../../settlement/invalidate-traffic.ts';
import { left, textTable } from '../../statements/text-table.ts';
import { type EventList, parseEventList } from '../../traffic/event-list-file.ts';
import { type InvalidationRow, invalidationRow, listInvalidations } from '../../traffic/list-invalidations.ts';
import { actorArgument, dayArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

interface InvalidateOptions {
  readonly events?: string;
  readonly app: string;
  readonly adUnit?: string;
  readonly from?: BusinessDay;
  readonly to?: BusinessDay;
  readonly type?: 'impression' | 'click';
  readonly reason: string;
  readonly actor: string;
  readonly note?: string;
  readonly id?: string;
}

export function registerInvalidate(program: Command, registry: CommandRegistry): void {
  const invalidate = program
    .command('invalidate')
    .description(
      'decide alone, within the limit for one person, that traffic does not count; the next run takes back what it earned',
    )
    .requiredOption('--app <id>', 'the app, or one of the developer whose events they are')
    .option('--events <file>', 'single events, a type and an id a line, instead of a slice')
    .option('--ad-unit <id>', 'of a slice, one ad unit only')
    .option('--from <day>', 'first business day of a slice', dayArgument)
    .option('--to <day>', 'last business day of a slice', dayArgument)
    .addOption(new Option('--type <type>', 'of a slice, one type only').choices(['impression', 'click']))
    .requiredOption('--reason <code>', 'why, as a short code that statements show, such as click_farm')
    .requiredOption('--actor <id>', 'who decides', actorArgument)
    .option('--note <text>', 'for the record', textArgument)
    .option('--id <id>', 'your name for it: the same decision handed in again changes nothing', idArgument)
    .addHelpText(
      'after',
      '\nExample:\n  npx apportion invalidate --app app_7_1 --from 2018-04-15 --to 2018-04-16 --type click --reason click_farm --actor li.wei',
    );
  registry.onRecord(invalidate, async (_args, given, output) => {
    const options = given as unknown as InvalidateOptions;
    const of = await namedTraffic(options);
    return await withApp(output, async app => {
      const { app: appId, reason, actor, note = null, id = randomUUIDv7() } = options;
      return shown(await invalidateAlone(depsOf(app), { invalidationId: id, appId, of, reason, actor, note }));
    });
  });
  registerReinstate(program, registry);
  registerList(program, registry);
}

function registerReinstate(program: Command, registry: CommandRegistry): void {
  const reinstate = program
    .command('reinstate')
    .description(
      'take an invalidation back alone, within the limit for one person; the next run gives back what it took',
    )
    .argument('<invalidation>', 'its id')
    .requiredOption('--reason <text>', 'why', textArgument)
    .requiredOption('--actor <id>', 'who decides', actorArgument)
    .addHelpText(
      'after',
      '\nExample:\n  npx apportion reinstate 019a2f3c-7c1e-7d52-b2a4-3f6d2b9f0c11 --reason "appeal upheld" --actor chen.yu',
    );
  registry.onRecord(reinstate, async ([invalidationId = ''], options, output) =>
    withApp(output, async app => {
      const { reason, actor } = options as { readonly reason: string; readonly actor: string };
      return shown(await reinstateAlone(depsOf(app), { invalidationId, reason, actor }));
    }),
  );
}

function registerList(program: Command, registry: CommandRegistry): void {
  const invalidations = program
    .command('invalidations')
    .description('decisions about traffic')
    .addHelpText('after', '\nExample:\n  npx apportion invalidations list');
  const list = listOptions(
    invalidations
      .command('list')
      .description('invalidations, the latest first, and whether they stand')
      .option('--app <id>', 'of one app'),
  ).addHelpText('after', '\nExample:\n  npx apportion invalidations list --app app_7_1');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => {
      const options = given as ListOptions & { readonly app?: string };
      return await showList(app, options, invalidationList(options.app), output);
    }),
  );
}

const COLUMNS = [
  ...['id', 'version', 'recorded_at', 'developer_id', 'app_id', 'ad_unit_id', 'type', 'from', 'to', 'events', 'reason'],
  ...['actor', 'note', 'stands', 'reinstated'],
];

function invalidationList(appId: string | undefined): List<InvalidationRow> {
  return {
    columns: COLUMNS,
    page: async (tx, at) => await listInvalidations(tx, { appId, ...at }),
    table: rows => (rows.length === 0 ? 'no invalidations' : table(rows)),
  };
}

function depsOf({ db, now, calendar, installation, config }: App): SoleDeps {
  return { db, now, calendar, bucketCount: installation.bucketCount, soleLimits: config.soleLimits };
}

async function namedTraffic({ events, adUnit, from, to, type }: InvalidateOptions): Promise<TrafficSlice | EventList> {
  const refuse = (message: string, remedy: string) => new Refusal({ code: 'bad_usage', message, remedy, exitCode: 2 });
  if (events !== undefined) {
    if ([adUnit, from, to, type].some(option => option !== undefined)) {
      throw refuse('--events names single events, the other options a slice', 'give one or the other');
    }
    const { text, source } = await readReferenceFile(events);
    return parseEventList(text, source);
  }
  if (from === undefined || to === undefined) {
    throw refuse('a slice needs --from and --to', 'give both, or --events');
  }
  return { adUnitId: adUnit ?? null, eventType: type ?? null, fromDay: from, toDay: to };
}

function shown({ invalidation, isNew }: RecordedTraffic): Result {
  const row = invalidationRow(invalidation);
  const what = trafficText(row);
  const state = row.reinstated === null ? 'not counted' : 'counted again';
  const next = isNew ? 'settle --due posts the difference' : 'nothing changed';
  return {
    data: { ...row, changed: isNew },
    text: `invalidation ${row.id}: ${what} ${state} (${row.reinstated?.reason ?? row.reason}); ${next}`,
  };
}

function trafficText({ events, developer_id, app_id, ad_unit_id, type, from, to }: InvalidationRow): string {
  const days = from === to ? `on ${from}` : `from ${from} to ${to}`;
  if (events !== null)
    return `${events.toLocaleString('en-US')} ${events === 1 ? 'event' : 'events'} of ${developer_id} ${days}`;
  const unit = ad_unit_id === null ? '' : ` on ${ad_unit_id}`;
  return `${type === null ? 'traffic' : `${type}s`} of ${app_id}${unit} ${days}`;
}

function table(rows: readonly InvalidationRow[]): string {
  const columns = [left('Invalidation'), left('Of'), left('Reason'), left('By'), left('Stands')];
  return textTable(
    columns,
    rows.map(row => [
      row.id,
      trafficText(row),
      row.reason,
      row.actor,
      row.reinstated === null ? 'yes' : `no, reinstated by ${row.reinstated.actor}`,
    ]),
  ).join('\n');
}

function idArgument(text: string): string {
  if (!isId(text)) throw new InvalidArgumentError('Give 1 to 64 printable ASCII characters.');
  return text;
}

/** Text for the record, in one line. */
function textArgument(text: string): string {
  if (text.trim() !== text || text === '' || text.length > 500 || !text.isWellFormed() || /\p{Cc}/u.test(text)) {
    throw new InvalidArgumentError('Give 1 to 500 characters without control characters or spaces around them.');
  }
  return text;
}
