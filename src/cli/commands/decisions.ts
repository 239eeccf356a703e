import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { approve, type Decided, type Deciding, knownDecision, reject, withdraw } from '../../decisions/decide.ts';
import { DECISION_STATUSES, type Decision } from '../../decisions/decision.ts';
import type { KindContext } from '../../decisions/kind.ts';
import { KINDS } from '../../decisions/kinds.ts';
import { type DecisionDeps, propose } from '../../decisions/propose.ts';
import { type DecisionRow, listDecisions, type ShownDecision, showDecision } from '../../decisions/show-decision.ts';
import type { DecisionFilters } from '../../decisions/stored-decisions.ts';
import { decisionsTable, renderDecision } from '../../statements/render-decision.ts';
import { actorArgument, noteArgument } from '../arguments.ts';
import { type Action, type CommandRegistry, type Result, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

export function registerDecisions(program: Command, registry: CommandRegistry): void {
  const decisions = program
    .command('decisions')
    .description('what moves money and does not follow from events: proposed by one person, approved by another')
    .addHelpText('after', '\nExample:\n  npx apportion decisions propose adjustment.json --actor li.wei');
  registerPropose(decisions, registry);
  registerEnd(decisions, registry, {
    name: 'approve',
    description: 'apply a decision that somebody else proposed',
    end: approve,
  });
  registerEnd(decisions, registry, {
    name: 'reject',
    description: 'end a proposal without a trace on money',
    end: reject,
  });
  registerEnd(decisions, registry, {
    name: 'withdraw',
    description: 'take back what you have proposed',
    end: withdraw,
  });
  registerReading(decisions, registry);
}

function registerPropose(decisions: Command, registry: CommandRegistry): void {
  const command = decisions
    .command('propose')
    .description('record a proposal and show the transfers that it would make')
    .argument('<file>', 'a decision as JSON')
    .requiredOption('--actor <person>', 'who proposes it', actorArgument)
    .addHelpText('after', '\nExample:\n  npx apportion decisions propose adjustment.json --actor li.wei');
  registry.onRecord(command, async ([path], options, output) => {
    const file = await readReferenceFile(path as string);
    return await withApp(output, async app => {
      const { decision, fresh } = await propose(depsOf(app), { file, actor: options.actor as string });
      if (!fresh) output.note('apportion: it has been proposed before; nothing was changed');
      return await shown(app, decision);
    });
  });
}

function registerEnd(
  decisions: Command,
  registry: CommandRegistry,
  {
    name,
    description,
    end,
  }: {
    readonly name: string;
    readonly description: string;
    readonly end: (deps: DecisionDeps, deciding: Deciding) => Promise<Decided>;
  },
): void {
  const command = decisions
    .command(name)
    .description(description)
    .argument('<decision>', 'its id')
    .requiredOption('--actor <person>', `who does it`, actorArgument)
    .option('--note <text>', 'kept with it', noteArgument)
    .addHelpText('after', `\nExample:\n  npx apportion decisions ${name} adjust-2018-04-7 --actor wang.fang`);
  const action: Action = async ([decisionId], options, output) =>
    withApp(output, async app => {
      const { actor, note } = options as { actor: string; note?: string };
      const deciding = { decisionId: decisionId as string, actor, note: note ?? null };
      const { decision, fresh } = await end(depsOf(app), deciding);
      const { outcome } = decision;
      if (!fresh) {
        const when = outcome?.decidedAt.toISOString();
        output.note(`apportion: it was ${outcome?.outcome} by ${outcome?.actor} at ${when}; nothing was changed`);
      }
      return await shown(app, decision);
    });
  registry.onRecord(command, action);
}

interface DecisionsOptions extends DecisionFilters, ListOptions {}

const COLUMNS = [
  ...['id', 'kind', 'status', 'reason', 'proposed_by', 'proposed_at', 'expires_at', 'decided_by', 'decided_at', 'note'],
];

function registerReading(decisions: Command, registry: CommandRegistry): void {
  const list = listOptions(
    decisions
      .command('list')
      .description('decisions, the last proposed first')
      .addOption(new Option('--status <status>', 'only these').choices(DECISION_STATUSES))
      .addOption(new Option('--kind <kind>', 'only these').choices(KINDS.map(kind => kind.name)))
      .option('--actor <person>', 'proposed or decided by', actorArgument),
  ).addHelpText('after', '\nExample:\n  npx apportion decisions list --status proposed');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => {
      const options = given as DecisionsOptions;
      return await showList(app, options, decisionList(options, app.now()), output);
    }),
  );

  const show = decisions
    .command('show')
    .description('a decision with its evidence and the transfers that it has made or would make')
    .argument('<decision>', 'its id')
    .addHelpText('after', '\nExample:\n  npx apportion decisions show adjust-2018-04-7');
  registry.on(show, async ([decisionId], _options, output) =>
    withApp(output, async app => await shown(app, await knownDecision(app, decisionId as string))),
  );
}

function decisionList({ status, kind, actor }: DecisionFilters, at: Date): List<DecisionRow> {
  return {
    columns: COLUMNS,
    page: async (tx, page) => await listDecisions(tx, { status, kind, actor, at, ...page }),
    table: rows => (rows.length === 0 ? 'no decisions' : decisionsTable(rows)),
  };
}

async function shown(app: App, decision: Decision): Promise<Result> {
  // Not a snapshot: the preview of some kinds does what it tells, and takes it back.
  const data: ShownDecision = await app.db.transaction(tx => showDecision(tx, decision, contextOf(app)));
  return { data, text: renderDecision(data) };
}

function contextOf({ installation, calendar, now }: App): KindContext {
  return { bucketCount: installation.bucketCount, calendar, at: now() };
}

function depsOf({ db, installation, calendar, now }: App): DecisionDeps {
  return { db, bucketCount: installation.bucketCount, calendar, now };
}
