import type { Command } from 'commander';
import { DEFAULT_TIME_ZONE } from '../../catalog/installation.ts';
import { readConfig } from '../../config.ts';
import type { BusinessDay } from '../../domain/business-day.ts';
import { writeSampleDay } from '../../events/write-sample-day.ts';
import { countArgument, dayArgument } from '../arguments.ts';
import type { CommandRegistry } from '../command.ts';

const MOST_APPS = 5_000_000;
const MOST_EVENTS = 1_000_000_000;

interface GenerateOptions {
  readonly apps: number;
  readonly events: number;
  readonly day: BusinessDay;
  readonly seed: string;
  readonly out: string;
}

export function registerGenerate(program: Command, registry: CommandRegistry): void {
  const generate = program
    .command('generate')
    .description('write a plausible day of events with its catalog and plan; the same seed gives the same files')
    .requiredOption('--apps <count>', 'how many apps', countArgument(MOST_APPS))
    .requiredOption('--events <count>', 'how many lines', countArgument(MOST_EVENTS))
    .requiredOption('--day <day>', 'the business day', dayArgument)
    .option('--seed <text>', 'what the chance is drawn from', '1')
    .requiredOption('--out <folder>', 'where catalog.json, plans.json and events.ndjson go')
    .addHelpText(
      'after',
      '\nExample:\n  npx apportion generate --apps 2000 --events 100000 --day 2018-04-15 --out sample',
    );
  registry.on(generate, async (_args, given, output) => {
    const { apps, events, day, seed, out } = given as unknown as GenerateOptions;
    const timeZone = readConfig(process.env, process.cwd()).timeZone ?? DEFAULT_TIME_ZONE;
    const progress = output.progress({ label: 'generating', total: events });
    try {
      const { files, counts } = await writeSampleDay({
        apps,
        events,
        day,
        timeZone,
        seed,
        outDir: out,
        onProgress: ({ lines }) => progress.update(lines),
      });
      progress.stop();
      const lines = counts.received.toLocaleString('en-US');
      const text = [
        ...Object.values(files),
        `${lines} lines, of which ${counts.accepted.toLocaleString('en-US')} can be accepted`,
      ];
      return { data: { files, counts }, text: text.join('\n') };
    } finally {
      progress.stop();
    }
  });
}
