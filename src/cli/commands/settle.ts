import type { Command } from 'commander';
import { type App, runDepsOf } from '../../app.ts';
import { type BusinessDay, daysBetween, daysInRange } from '../../domain/business-day.ts';
import { Refusal } from '../../domain/errors.ts';
import { type FinishedRun, settleAndAwait } from '../../settle-and-await.ts';
import type { SettlementRun } from '../../settlement/runs.ts';
import { type RunDeps, resumeRun, settleDays, settleDueDays } from '../../settlement/settle-days.ts';
import { unsettledApps } from '../../settlement/unsettled-apps.ts';
import { dayArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import type { Output } from '../output.ts';

const SHOWN_APPS = 20;
/** Each day is a run of its own, which stays on record even where nothing is due. */
const MOST_DAYS = 400;

interface SettleOptions {
  readonly date?: BusinessDay;
  readonly to?: BusinessDay;
  readonly due?: boolean;
  readonly run?: string;
}

export function registerSettle(program: Command, registry: CommandRegistry): void {
  const settle = program
    .command('settle')
    .description('post what days that are over are worth and have not been paid yet')
    .option('--date <day>', 'the business day', dayArgument)
    .option('--to <day>', `the last of a range of at most ${MOST_DAYS} days that --date begins`, dayArgument)
    .option('--due', 'all days that are due and over, oldest first')
    .option('--run <id>', 'finish a run that was interrupted')
    .addHelpText('after', '\nExample:\n  npx apportion settle --date 2018-04-15');
  registry.onRecord(settle, async (_args, given, output) => {
    const options = given as SettleOptions;
    refuseWrongUse(options);
    return await withApp(output, async app => await settleAndWait(app, options, output));
  });
}

function refuseWrongUse({ date, to, due, run }: SettleOptions): void {
  const refuse = (message: string, remedy: string) =>
    new Refusal({ code: 'bad_usage', message, remedy, details: {}, exitCode: 2 });
  if (Number(date !== undefined) + Number(due === true) + Number(run !== undefined) !== 1) {
    throw refuse('settle needs one of --date, --due and --run', 'give one of them, such as --date 2018-04-15');
  }
  if (to === undefined) return;
  if (date === undefined) throw refuse('--to ends a range that --date begins', 'leave it out, or give --date too');
  if (to < date) throw refuse(`--to ${to} is before --date ${date}`, 'put the earlier day first');
  if (daysBetween({ from: date, to }) >= MOST_DAYS) {
    throw refuse(
      `${date} to ${to} is more than ${MOST_DAYS} days`,
      'settle it in parts, or all days that are due with --due',
    );
  }
}

async function settleAndWait(app: App, options: SettleOptions, output: Output): Promise<Result> {
  const items = await settleAndAwait(app, {
    start: async waiting => await startRuns(runDepsOf(app), options, waiting),
    once: options.due !== true,
    progressOf: total => output.progress({ label: 'settling', total }),
    onError: error => output.note(`apportion: ${error.message}`),
  });
  const withoutPlan = items.some(item => item.appsWithoutPlan > 0);
  if (withoutPlan) await noteAppsWithoutPlan(app, items, output);
  return {
    data: {
      items: items.map(item => ({
        run_id: item.runId,
        business_date: item.businessDay,
        apps: item.apps,
        transfers: item.transfers,
        apps_without_plan: item.appsWithoutPlan,
      })),
    },
    text: items.length === 0 ? 'nothing is due' : items.map(describe).join('\n'),
    exitCode: withoutPlan ? 1 : 0,
  };
}

async function startRuns(
  deps: RunDeps,
  { date, to, run }: SettleOptions,
  waiting: ReadonlySet<BusinessDay>,
): Promise<SettlementRun[]> {
  if (run !== undefined) return [await resumeRun(deps, run)];
  if (date === undefined) return await settleDueDays(deps, { except: waiting });
  return await settleDays(deps, daysInRange({ from: date, to: to ?? date }));
}

function describe({ businessDay, apps, transfers, appsWithoutPlan }: FinishedRun): string {
  const rest = appsWithoutPlan > 0 ? `; ${appsWithoutPlan} without a plan stay due` : '';
  return `${businessDay}: ${transfers.toLocaleString('en-US')} transfers for ${apps.toLocaleString('en-US')} ${apps === 1 ? 'app' : 'apps'}${rest}`;
}

async function noteAppsWithoutPlan(app: App, runs: readonly SettlementRun[], output: Output): Promise<void> {
  for (const run of runs) {
    const apps = await unsettledApps(app.db, { run, limit: SHOWN_APPS });
    if (apps.length === 0) continue;
    const listed = apps.map(each => `${each.appId} (${each.currency})`).join(', ');
    output.note(
      `apportion: no plan covers these apps on ${run.businessDay}: ${listed}; import a plan, then settle again`,
    );
  }
}
