import type { Command } from 'commander';
import type { Confirmation } from '../../catalog/confirm-terms.ts';
import { listProviderTerms, type ProviderTermsRow } from '../../catalog/list-provider-terms.ts';
import type { StoredTerm } from '../../catalog/provider-terms.ts';
import { Refusal } from '../../domain/errors.ts';
import { confirmProvider } from '../../settlement/confirm-provider.ts';
import { percentOf } from '../../statements/rates.ts';
import { left, textTable } from '../../statements/text-table.ts';
import { actorArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { type List, type ListOptions, listOptions, showList } from '../show-list.ts';

interface ConfirmOptions {
  readonly app?: string;
  readonly default?: boolean;
  readonly actor: string;
}

export function registerProviders(program: Command, registry: CommandRegistry): void {
  const providers = program
    .command('providers')
    .description("service providers: who takes a part of which developers' share")
    .addHelpText('after', '\nExample:\n  npx apportion providers list');
  registerList(providers, registry);
  registerConfirm(providers, registry);
}

function registerList(providers: Command, registry: CommandRegistry): void {
  const list = listOptions(
    providers
      .command('list')
      .description("providers' terms by app, and who has confirmed them")
      .option('--provider <id>', 'of this one alone'),
  ).addHelpText('after', '\nExample:\n  npx apportion providers list --provider agency_1');
  registry.on(list, async (_args, given, output) =>
    withApp(output, async app => {
      const options = given as ListOptions & { readonly provider?: string };
      return await showList(app, options, providerList(options.provider), output);
    }),
  );
}

function providerList(providerId: string | undefined): List<ProviderTermsRow> {
  return {
    columns: ['provider_id', 'provider_name', 'app_id', 'terms', 'terms_version', 'status', 'confirmation'],
    page: async (tx, at) => await listProviderTerms(tx, { providerId, ...at }),
    table: rows => (rows.length === 0 ? 'no providers' : termsTable(rows)),
  };
}

function registerConfirm(providers: Command, registry: CommandRegistry): void {
  const confirm = providers
    .command('confirm')
    .description(
      "record that the developer's side agrees to a provider's terms; they hold from today's business day on",
    )
    .argument('<provider>', 'the service provider')
    .option('--app <id>', 'its terms for this app')
    .option('--default', 'its default ratio')
    .requiredOption('--actor <id>', 'who confirms', actorArgument)
    .addHelpText('after', '\nExample:\n  npx apportion providers confirm agency_1 --app app_7_1 --actor li.wei');
  registry.onRecord(confirm, async ([providerId = ''], given, output) => {
    const options = given as unknown as ConfirmOptions;
    const appId = subjectOf(options);
    return await withApp(output, async app => {
      const confirmation = await confirmProvider(app, { providerId, appId, actor: options.actor });
      return {
        data: confirmationData(confirmation, { providerId, appId }),
        text: describeConfirmation(confirmation, { providerId, appId }),
      };
    });
  });
}

/** The app, or null for the default ratio. */
function subjectOf(options: ConfirmOptions): string | null {
  if ((options.app === undefined) !== (options.default === true)) {
    throw new Refusal({
      code: 'bad_usage',
      message: 'confirm needs either --app or --default',
      remedy: 'give one of them, such as --app app_7_1',
      details: {},
      exitCode: 2,
    });
  }
  return options.app ?? null;
}

interface Subject {
  readonly providerId: string;
  readonly appId: string | null;
}

function confirmationData(
  { referenceVersion, isNew, termsVersion, terms, confirmedOn, actor }: Confirmation,
  { providerId, appId }: Subject,
): object {
  return {
    version: referenceVersion,
    changed: isNew,
    provider_id: providerId,
    app_id: appId,
    terms_version: termsVersion,
    terms,
    confirmed_on: confirmedOn,
    confirmed_by: actor,
  };
}

function describeConfirmation(
  { isNew, terms, confirmedOn, actor, termsVersion }: Confirmation,
  { providerId, appId }: Subject,
): string {
  const what = `${providerId}, ${appId === null ? 'default ratio' : `app ${appId}`}, terms of version ${termsVersion}`;
  const verb = isNew ? 'confirmed' : 'confirmed already';
  const days = terms.length === 0 ? ['no longer in force'] : terms.map(term => `${ratioOf(term)} ${daysOf(term)}`);
  return [`${what}: ${verb} on ${confirmedOn} by ${actor}, acts from that day on`, ...days.map(day => `  ${day}`)].join(
    '\n',
  );
}

function termsTable(rows: readonly ProviderTermsRow[]): string {
  const columns = [left('Provider'), left('For'), left('Ratio'), left('Days'), left('Confirmation')];
  return textTable(columns, rows.flatMap(termsRows)).join('\n');
}

/** A line for each term; where they wait, also for each of those that hold until then. */
function termsRows(row: ProviderTermsRow): string[][] {
  const { provider_id, app_id, terms, status, confirmation } = row;
  const who = [provider_id, app_id ?? 'default ratio'];
  const confirmed = confirmation === null ? '' : `${confirmation.confirmed_by} on ${confirmation.confirmed_on}`;
  const lines = (each: readonly StoredTerm[], note: string) =>
    each.length === 0 ? [[...who, 'none', '', note]] : each.map(term => [...who, ratioOf(term), daysOf(term), note]);
  if (status === 'none') return lines(terms, '');
  if (status === 'confirmed') return lines(terms, `confirmed by ${confirmed}`);
  const before = confirmation === null ? [] : lines(confirmation.terms, `holds until then, confirmed by ${confirmed}`);
  return [...lines(terms, 'waiting for confirmation'), ...before];
}

function ratioOf({ ratio }: StoredTerm): string {
  return ratio === null ? 'the default ratio' : percentOf(ratio);
}

function daysOf({ effective_from, effective_to }: StoredTerm): string {
  return effective_to === null ? `from ${effective_from}` : `${effective_from} to ${effective_to}`;
}
