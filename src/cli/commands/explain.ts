import type { Command } from 'commander';
import type { BusinessDay } from '../../domain/business-day.ts';
import { explainAppDay } from '../../statements/explain.ts';
import { renderExplanation } from '../../statements/render-explanation.ts';
import { dayArgument } from '../arguments.ts';
import { type CommandRegistry, withApp } from '../command.ts';

export function registerExplain(program: Command, registry: CommandRegistry): void {
  const explain = program
    .command('explain')
    .description("an app's day back to its plan, tiers, ad units, transfers and batches of events")
    .requiredOption('--app <id>', 'the app')
    .requiredOption('--date <day>', 'the business day', dayArgument)
    .addHelpText('after', '\nExample:\n  npx apportion explain --app app_7_1 --date 2018-04-15');
  registry.on(explain, async (_args, options, output) =>
    withApp(output, async app => {
      const appId = String(options.app);
      const day = options.date as BusinessDay;
      const { bucketCount } = app.installation;
      const data = await app.db.snapshot(tx => explainAppDay(tx, { appId, day, bucketCount, calendar: app.calendar }));
      return { data, text: renderExplanation(data).trimEnd() };
    }),
  );
}
