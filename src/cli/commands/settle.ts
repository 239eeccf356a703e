import type { Command } from 'commander';
import { type App, fundDepsOf, runDepsOf } from '../../app.ts';
import { awaitWork } from '../../await-work.ts';
import { type BusinessDay, daysInRange } from '../../domain/business-day.ts';
import { Refusal } from '../../domain/errors.ts';
import { grantAfterRun, grantPending } from '../../funds/grant-funds.ts';
import { bucketsDone, type RunProgress, runProgress, type SettlementRun } from '../../settlement/runs.ts';
import { type RunDeps, resumeRun, settleDays, settleDueDays } from '../../settlement/settle-days.ts';
import { unsettledApps } from '../../settlement/unsettled-apps.ts';
import { runSettlementWorkers } from '../../worker-set.ts';
import { dayArgument } from '../arguments.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import type { Output } from '../output.ts';

const SHOWN_APPS = 20;
/** As many days as the acceptance window has: a chain of changes can't be longer. */
const MOST_ROUNDS = 40;

type FinishedRun = SettlementRun & RunProgress;

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
    .option('--to <day>', 'the last of a range of days that --date begins', dayArgument)
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
}

async function settleAndWait(app: App, options: SettleOptions, output: Output): Promise<Result> {
  const items = await startAndAwait(app, options, output);
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

/**
 * Settling a day can make the next one due again: a click that now counts makes one after midnight a repeated one. So what is due is
 * asked for again, until nothing is but days that wait for a plan.
 */
async function startAndAwait(app: App, options: SettleOptions, output: Output): Promise<FinishedRun[]> {
  const finished: FinishedRun[] = [];
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const waiting = new Set(finished.filter(run => run.appsWithoutPlan > 0).map(run => run.businessDay));
    const runs = await startRuns(runDepsOf(app), options, waiting);
    if (runs.length === 0) break;
    await awaitRuns(app, runs, output);
    for (const { runId } of runs) await grantAfterRun(fundDepsOf(app), runId);
    await grantPending(fundDepsOf(app));
    for (const run of runs) finished.push({ ...run, ...(await runProgress(app.db, run.runId)) });
    if (options.due !== true) break;
  }
  return finished;
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

async function awaitRuns(app: App, runs: readonly SettlementRun[], output: Output): Promise<void> {
  const total = runs.reduce((sum, run) => sum + run.buckets.length, 0);
  const runIds = runs.map(run => run.runId);
  const progress = output.progress({ label: 'settling', total });
  try {
    await awaitWork(app, {
      remaining: async () => total - (await bucketsDone(app.db, runIds)),
      startWorkers: () => runSettlementWorkers(app, error => output.note(`apportion: ${error.message}`)),
      onProgress: remaining => progress.update(total - remaining),
    });
  } finally {
    progress.stop();
  }
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
