import type { Command } from 'commander';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { importPlansFile } from '../../settlement/import-reference.ts';
import { type CommandRegistry, withApp } from '../command.ts';

export function registerPlans(program: Command, registry: CommandRegistry): void {
  const plans = program
    .command('plans')
    .description('share plans: who gets which part of what an app earns')
    .addHelpText('after', '\nExample:\n  npx apportion plans import plans.json');
  const load = plans
    .command('import')
    .description('add and change the plans of the file; importing it again changes nothing')
    .argument('<file>', 'plans as JSON')
    .addHelpText('after', '\nExample:\n  npx apportion plans import plans.json');
  registry.on(load, async ([file], _options, output) => {
    const reference = await readReferenceFile(file as string);
    return await withApp(output, async app => {
      const { referenceVersion, added, changed, unchanged } = await importPlansFile(app, reference);
      return {
        data: { version: referenceVersion, added, changed, unchanged },
        text: `plans version ${referenceVersion}: ${added} added, ${changed} changed, ${unchanged} unchanged`,
      };
    });
  });
}
