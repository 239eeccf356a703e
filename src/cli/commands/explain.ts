import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { checkAsKnownOn } from '../../domain/as-known-on.ts';
import type { BusinessDay } from '../../domain/business-day.ts';
import { Refusal } from '../../domain/errors.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../domain/page-cursor.ts';
import { explainAppDay } from '../../statements/explain.ts';
import { explainEvent } from '../../statements/explain-event.ts';
import { explainTransfer } from '../../statements/explain-transfer.ts';
import { listDayEvents } from '../../statements/list-day-events.ts';
import { dayEventsTable, renderEvent } from '../../statements/render-event.ts';
import { renderExplanation } from '../../statements/render-explanation.ts';
import { renderTransfer } from '../../statements/render-transfer.ts';
import { asKnownOnOption, countArgument, dayArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { printCsv } from '../csv.ts';
import type { Output } from '../output.ts';

interface ExplainOptions {
  readonly app?: string;
  readonly date?: BusinessDay;
  readonly events?: boolean;
  readonly transfer?: string;
  readonly event?: string;
  readonly type?: 'impression' | 'click';
  readonly developer?: string;
  readonly asKnownOn?: Date;
  readonly limit?: number;
  readonly after?: string;
  readonly csv?: boolean;
}

export function registerExplain(program: Command, registry: CommandRegistry): void {
  const explain = program
    .command('explain')
    .description(
      "an app's day down to its plan, tiers, ad units, batches and events; a transfer; an event up to its money",
    )
    .option('--app <id>', 'the app')
    .option('--date <day>', 'the business day of the app', dayArgument)
    .option('--events', "the day's accepted events instead, in pages")
    .option('--transfer <id>', 'a transfer: what posted it, and why it is that much')
    .option('--event <id>', 'an event: what was accepted, whether it counts, and the transfers that it is in')
    .addOption(new Option('--type <type>', 'the type of the event').choices(['impression', 'click']))
    .option('--developer <id>', 'the developer of the event, instead of the app')
    .addOption(asKnownOnOption())
    .option('--limit <rows>', `of events: at most so many, up to ${MAX_LIMIT}`, countArgument(MAX_LIMIT))
    .option('--after <cursor>', 'of events: go on behind the row where the last page ended')
    .addOption(new Option('--csv', 'of events: print CSV').conflicts('json'))
    .addHelpText(
      'after',
      `
Forms:
  --app --date                    a day: earnings, plan, tiers, transfers, batches, runs
  --app --date --events           the accepted events of a day
  --transfer                      why a transfer was posted
  --event --type with --app or --developer
                                  an event, whether it counts, its transfers

Example:
  npx apportion explain --app app_7_1 --date 2018-04-15 --as-known-on 2018-04-16T09:00:00+08:00`,
    );
  registry.on(explain, async (_args, given, output) => {
    const options = given as unknown as ExplainOptions;
    const show = showerOf(options, output);
    return await withApp(output, async app => {
      const asKnownOn = options.asKnownOn === undefined ? null : checkAsKnownOn(options.asKnownOn, app.now());
      return await show(app, asKnownOn);
    });
  });
}

type Shower = (app: App, asKnownOn: Date | null) => Promise<Result>;

/** What the options ask for. Refuses (`bad_usage`) options that do not go together. */
function showerOf(options: ExplainOptions, output: Output): Shower {
  const { app: appId, date: day, transfer, event: id, type, developer: developerId } = options;
  if (transfer !== undefined) {
    onlyWith(options, ['transfer']);
    return async app => await showTransfer(app, transfer);
  }
  if (id !== undefined) {
    onlyWith(options, ['event', 'type', 'app', 'developer', 'asKnownOn']);
    const owner = appId === undefined ? developerId && { developerId } : developerId === undefined && { appId };
    if (type === undefined || !owner) throw badUsage('an event is named by --type and by one of --app and --developer');
    return async (app, asKnownOn) => await showEvent(app, { name: { type, id }, owner, asKnownOn });
  }
  const paged = ['limit', 'after', 'csv'] as const;
  onlyWith(options, ['app', 'date', 'asKnownOn', 'events', ...(options.events === true ? paged : [])]);
  if (appId === undefined || day === undefined) throw badUsage('there is nothing to explain');
  if (options.events === true) {
    const { limit = DEFAULT_LIMIT, after, csv = false } = options;
    return async (app, asKnownOn) => await showEvents(app, { appId, day, asKnownOn, limit, after, csv }, output);
  }
  return async (app, asKnownOn) => await showDay(app, { appId, day, asKnownOn });
}

function onlyWith(options: ExplainOptions, names: readonly (keyof ExplainOptions)[]): void {
  const { json: _, ...given } = options as ExplainOptions & { readonly json?: boolean };
  const stranger = Object.keys(given).find(name => !(names as readonly string[]).includes(name));
  if (stranger === undefined) return;
  const option = stranger.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  throw badUsage(`--${option} does not go with the other options`);
}

function badUsage(message: string): Refusal {
  const remedy =
    'give --app with --date, or these with --events, or --transfer alone, or --event with --type and --app or --developer';
  return new Refusal({ code: 'bad_usage', message, remedy, exitCode: 2 });
}

interface Day {
  readonly appId: string;
  readonly day: BusinessDay;
  readonly asKnownOn: Date | null;
}

async function showDay({ db, installation, calendar }: App, of: Day): Promise<Result> {
  const { bucketCount } = installation;
  const data = await db.snapshot(tx => explainAppDay(tx, { ...of, bucketCount, calendar }));
  return { data, text: renderExplanation(data).trimEnd() };
}

async function showEvents(
  { db, installation, calendar }: App,
  { csv, ...of }: Day & { readonly limit: number; readonly after: string | undefined; readonly csv: boolean },
  output: Output,
): Promise<Result> {
  const { bucketCount } = installation;
  const page = await db.snapshot(tx => listDayEvents(tx, { ...of, bucketCount, calendar }));
  if (page.next !== null) output.note(`apportion: there are more events; go on with --after '${page.next}'`);
  if (csv) await printCsv(EVENT_CSV, page.items);
  return { data: page, text: csv ? '' : dayEventsTable(page.items) };
}

const EVENT_CSV = [
  'occurred_at',
  'id',
  'type',
  'ad_unit_id',
  'price',
  'priced_by',
  'gross',
  'currency',
  'verdict',
  'invalidation_id',
  'batch_seq',
  'batch_id',
  'file',
  'line_no',
];

async function showTransfer({ db, installation, calendar }: App, transferId: string): Promise<Result> {
  const { bucketCount } = installation;
  const data = await db.snapshot(tx => explainTransfer(tx, { transferId, bucketCount, calendar }));
  return { data, text: renderTransfer(data).trimEnd() };
}

async function showEvent(
  { db, installation, calendar }: App,
  of: Pick<Parameters<typeof explainEvent>[1], 'name' | 'owner'> & { readonly asKnownOn: Date | null },
): Promise<Result> {
  const { bucketCount } = installation;
  const data = await db.snapshot(tx => explainEvent(tx, { ...of, bucketCount, calendar }));
  return { data, text: renderEvent(data).trimEnd() };
}
