import { type Command, Option } from 'commander';
import type { CatalogImport } from '../../catalog/import-catalog.ts';
import { readReferenceFile } from '../../catalog/reference-file.ts';
import { importCatalogFile } from '../../decisions/import-alone.ts';
import { deriveCatalog, type SkippedLine } from '../../events/derive-catalog.ts';
import { ipinyouSlotSize, parseIpinyouLine } from '../../events/ipinyou.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import type { Output } from '../output.ts';

const SHOWN_LINES = 20;

export function registerCatalog(program: Command, registry: CommandRegistry): void {
  const catalog = program
    .command('catalog')
    .description('developers, apps, ad units, campaigns and service providers')
    .addHelpText('after', '\nExample:\n  npx apportion catalog import catalog.json');
  const load = catalog
    .command('import')
    .description(
      'add and change what the file names (providers, campaigns, other categories by decision instead, once persons are on record)',
    )
    .argument('<file>', 'a catalog as JSON')
    .addHelpText('after', '\nExample:\n  npx apportion catalog import catalog.json');
  registry.onRecord(load, async ([file], _options, output) => {
    const reference = await readReferenceFile(file as string);
    return await withApp(output, async app => {
      const imported = await importCatalogFile(app, reference);
      return { data: dataOf(imported), text: describe(imported) };
    });
  });

  const derive = catalog
    .command('derive')
    .description('print a catalog for the apps and ad units that a log mentions')
    .argument('<files...>', 'log files')
    .addOption(new Option('--format <format>', 'the format of the log').choices(['ipinyou']).makeOptionMandatory())
    .addHelpText(
      'after',
      '\nExample:\n  npx apportion catalog derive --format ipinyou imp.20131021.txt > catalog.json',
    );
  registry.on(derive, async (paths, _options, output) => {
    const leftOut = leftOutLines(output);
    try {
      const derived = await deriveCatalog({
        paths,
        parse: parseIpinyouLine,
        adUnitFormatOf: ipinyouSlotSize,
        onSkipped: leftOut.note,
      });
      return { data: derived, text: JSON.stringify(derived, null, 2) };
    } finally {
      leftOut.noteOthers();
    }
  });
}

/** Tells of the first lines that are left out, and counts the others. */
function leftOutLines(output: Output) {
  let count = 0;
  return {
    note: ({ path, lineNo, detail }: SkippedLine) => {
      count += 1;
      if (count <= SHOWN_LINES) output.note(`apportion: ${path}:${lineNo}: left out: ${detail}`);
    },
    noteOthers: () => {
      if (count > SHOWN_LINES) output.note(`apportion: ${count - SHOWN_LINES} more lines were left out`);
    },
  };
}

function dataOf({ referenceVersion, added, changed, unchanged }: CatalogImport): object {
  const counts = ({ developers, apps, adUnits, campaigns, providers }: CatalogImport['added']) => ({
    developers,
    apps,
    ad_units: adUnits,
    campaigns,
    providers,
  });
  return { version: referenceVersion, added: counts(added), changed: counts(changed), unchanged: counts(unchanged) };
}

function describe({ referenceVersion, added, changed, unchanged }: CatalogImport): string {
  const count = ({ developers, apps, adUnits, campaigns, providers }: CatalogImport['added']) =>
    `${developers} developers, ${apps} apps, ${adUnits} ad units, ${campaigns} campaigns, ${providers} providers`;
  return [
    `catalog version ${referenceVersion}`,
    `added      ${count(added)}`,
    `changed    ${count(changed)}`,
    `unchanged  ${count(unchanged)}`,
  ].join('\n');
}
