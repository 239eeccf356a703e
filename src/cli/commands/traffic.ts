import type { Command } from 'commander';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { importTrafficFile } from '../../decisions/import-alone.ts';
import type { PoliciesImport } from '../../traffic/import-policies.ts';
import { showTraffic, type TrafficShown } from '../../traffic/show-traffic.ts';
import { type CommandRegistry, withApp } from '../command.ts';

const LIST_NAMES = { known_bots: 'patterns of known bots', data_centres: 'networks of data centres' };

export function registerTraffic(program: Command, registry: CommandRegistry): void {
  const traffic = program
    .command('traffic')
    .description('what is asked of traffic before it counts')
    .addHelpText('after', '\nExample:\n  npx apportion traffic import traffic.json --data-centres networks.txt');
  registerImport(traffic, registry);
  registerShow(traffic, registry);
}

function registerImport(traffic: Command, registry: CommandRegistry): void {
  const load = traffic
    .command('import')
    .description('add and change traffic policies (by decision instead, once persons are on record)')
    .argument('<file>', 'policies as JSON')
    .option('--data-centres <file>', 'networks of data centres, one a line; replaces the list before')
    .addHelpText('after', '\nExample:\n  npx apportion traffic import traffic.json --data-centres networks.txt');
  registry.onRecord(load, async ([file = ''], { dataCentres }, output) => {
    const policies = await readReferenceFile(file);
    const networks = typeof dataCentres === 'string' ? await readReferenceFile(dataCentres) : null;
    return await withApp(output, async app => {
      const result = await importTrafficFile(app, { policies, networks });
      const { referenceVersion, added, changed, unchanged, lists } = result;
      const recorded = Object.fromEntries(lists.map(list => [list.name, list.entries]));
      return {
        data: { version: referenceVersion, added, changed, unchanged, lists: recorded },
        text: describeImport(result),
      };
    });
  });
}

function describeImport({ referenceVersion, added, changed, unchanged, lists }: PoliciesImport): string {
  return [
    `traffic version ${referenceVersion}: ${added} added, ${changed} changed, ${unchanged} unchanged`,
    ...lists.map(list => `${list.entries.toLocaleString('en-US')} ${LIST_NAMES[list.name]} recorded`),
  ].join('\n');
}

function registerShow(traffic: Command, registry: CommandRegistry): void {
  const show = traffic
    .command('show')
    .description('the policies and lists that hold now')
    .option('--lists', 'with what stands on the lists (--json)')
    .addHelpText('after', '\nExample:\n  npx apportion traffic show --json');
  registry.on(show, async (_args, { lists }, output) =>
    withApp(output, async app => {
      const data = await app.db.snapshot(tx => showTraffic(tx, { withEntries: lists === true }));
      return { data, text: describe(data) };
    }),
  );
}

function describe({ version, traffic_policies: policies, lists }: TrafficShown): string {
  if (policies.length === 0) return 'no traffic policy: all accepted events count, but for decisions of persons';
  return [
    `traffic as of version ${version}`,
    ...policies.flatMap(({ effective_from, checks, lookback_days }) => [
      `from ${effective_from}, impressions looked for on the day of the click and ${lookback_days} before it`,
      ...Object.entries(checks).map(([name, check]) => `  ${name.padEnd(24)} ${checkText(check)}`),
    ]),
    ...lists.map(list => `${list.count.toLocaleString('en-US')} ${LIST_NAMES[list.name]}, of version ${list.version}`),
  ].join('\n');
}

function checkText(check: boolean | object): string {
  if (typeof check === 'boolean') return check ? 'on' : 'off';
  return Object.entries(check)
    .map(([name, value]) => `${name} ${Number(value).toLocaleString('en-US')}`)
    .join(', ');
}
