import type { Command } from 'commander';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { importPlansFile } from '../../decisions/import-alone.ts';
import type { PlanAcceptance } from '../../plans/accept-plan.ts';
import type { PlansImport } from '../../plans/import-plans.ts';
import { listPlans, type PlanRow } from '../../plans/list-plans.ts';
import { acceptPlanAs } from '../../settlement/import-reference.ts';
import { left, right, textTable } from '../../statements/text-table.ts';
import { actorArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

const NAMED_PLANS = 20;

export function registerPlans(program: Command, registry: CommandRegistry): void {
  const plans = program
    .command('plans')
    .description('share plans: who gets which part of what an app earns')
    .addHelpText('after', '\nExample:\n  npx apportion plans import plans.json');
  registerImport(plans, registry);
  registerList(plans, registry);
  registerAccept(plans, registry);
}

function registerImport(plans: Command, registry: CommandRegistry): void {
  const load = plans
    .command('import')
    .description('add and change the plans of the file (by decision instead, once persons are on record)')
    .argument('<file>', 'plans as JSON')
    .addHelpText('after', '\nExample:\n  npx apportion plans import plans.json');
  registry.onRecord(load, async ([file], _options, output) => {
    const reference = await readReferenceFile(file as string);
    return await withApp(output, async app => {
      const result = await importPlansFile(app, reference);
      const { referenceVersion, added, changed, unchanged, waiting } = result;
      return { data: { version: referenceVersion, added, changed, unchanged, waiting }, text: describeImport(result) };
    });
  });
}

function describeImport({ referenceVersion, added, changed, unchanged, waiting }: PlansImport): string {
  const counts = `plans version ${referenceVersion}: ${added} added, ${changed} changed, ${unchanged} unchanged`;
  if (waiting.length === 0) return counts;
  const others = waiting.length > NAMED_PLANS ? ` and ${waiting.length - NAMED_PLANS} more` : '';
  return `${counts}\nwaiting for acceptance by their developers: ${waiting.slice(0, NAMED_PLANS).join(', ')}${others}`;
}

function registerList(plans: Command, registry: CommandRegistry): void {
  const list = listOptions(
    plans
      .command('list')
      .description('plans by id: the last version of each, and those before it that hold on some day'),
  ).addHelpText('after', '\nExample:\n  npx apportion plans list');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => await showList(app, given as ListOptions, PLANS, output)),
  );
}

const COLUMNS = [
  ...['id', 'version', 'scope', 'scope_id', 'currency', 'effective_from', 'effective_to', 'basis', 'mode', 'tiers'],
  ...['outside_band', 'acceptance', 'accepted_on', 'accepted_by', 'holds'],
];

/** A page has so many plans, with all the versions of each that it shows. */
const PLANS: List<PlanRow> = {
  columns: COLUMNS,
  page: listPlans,
  table: rows => (rows.length === 0 ? 'no plans' : plansTable(rows)),
};

function plansTable(rows: readonly PlanRow[]): string {
  return textTable(
    [
      left('Plan'),
      right('Version'),
      left('For'),
      left('Currency'),
      left('From'),
      left('To'),
      left('Basis'),
      left('Acceptance'),
    ],
    rows.map(row => [
      row.id,
      String(row.version),
      row.scope_id === null ? 'everybody' : `${row.scope} ${row.scope_id}`,
      row.currency,
      row.effective_from,
      row.effective_to ?? '',
      row.basis,
      acceptanceText(row),
    ]),
  ).join('\n');
}

function acceptanceText({ acceptance, accepted_by, accepted_on, effective_to, holds }: PlanRow): string {
  if (acceptance === 'waiting') return 'waiting for acceptance';
  const text = {
    accepted: `accepted by ${accepted_by} on ${accepted_on}`,
    counts: 'counts as accepted',
    not_needed: holds?.to === effective_to ? '' : 'not needed',
  }[acceptance];
  if (holds === null) return `${text}, holds on no day`;
  return holds.to === effective_to ? text : `${text}, held to ${holds.to}`;
}

function registerAccept(plans: Command, registry: CommandRegistry): void {
  const accept = plans
    .command('accept')
    .description("record that a developer accepts the last version of a plan; it holds from today's business day on")
    .argument('<plan>', 'a plan for that developer or one of its apps')
    .requiredOption('--developer <id>', 'the developer who accepts')
    .requiredOption('--actor <id>', 'who records it', actorArgument)
    .addHelpText('after', '\nExample:\n  npx apportion plans accept dev_7-2018 --developer dev_7 --actor li.wei');
  registry.onRecord(accept, async ([planId = ''], given, output) =>
    withApp(output, async app => {
      const { developer, actor } = given as { readonly developer: string; readonly actor: string };
      const accepted = await acceptPlanAs(app, { planId, developerId: developer, actor });
      return { data: acceptanceData(accepted), text: describeAcceptance(accepted) };
    }),
  );
}

function acceptanceData({ plan, referenceVersion, isNew }: PlanAcceptance): object {
  const { planId, acceptance } = plan;
  const accepted = typeof acceptance === 'string' ? null : acceptance;
  return {
    plan_id: planId,
    plan_version: plan.referenceVersion,
    version: referenceVersion,
    accepted_on: accepted?.acceptedOn ?? null,
    accepted_by: accepted?.actor ?? null,
    changed: isNew,
  };
}

function describeAcceptance({ plan, isNew }: PlanAcceptance): string {
  const { planId, referenceVersion, acceptance, effectiveFrom, effectiveTo } = plan;
  const name = `plan ${planId} of version ${referenceVersion}`;
  if (typeof acceptance === 'string') return `${name} counts as accepted; nothing changed`;
  const { acceptedOn, actor } = acceptance;
  if (!isNew) return `${name} was accepted on ${acceptedOn}, recorded by ${actor}; nothing changed`;
  const first = acceptedOn > effectiveFrom ? acceptedOn : effectiveFrom;
  if (effectiveTo !== null && effectiveTo < first)
    return `${name} is accepted, but ended on ${effectiveTo}: it holds on no day`;
  return `${name} is accepted and holds from ${first}`;
}
