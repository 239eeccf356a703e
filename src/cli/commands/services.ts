import type { Command } from 'commander';
import { openPlaces } from '../../app.ts';
import { readConfig } from '../../config.ts';
import { stopHome } from '../../embedded/home.ts';
import { putSchedules } from '../../maintenance.ts';
import { migrateAll } from '../../migrate-all.ts';
import { type CommandRegistry, withApp } from '../command.ts';
import { noteStarted } from '../output.ts';
import { runEverything } from '../run-everything.ts';

export function registerServices(program: Command, registry: CommandRegistry): void {
  const up = program
    .command('up')
    .description(
      'run everything on this machine until Ctrl-C: servers (unless configured elsewhere), workers, schedules',
    )
    .addHelpText('after', '\nExample:\n  npx apportion up');
  registry.onRecord(up, async (_args, _options, output) => {
    await migrateNow();
    await withApp(output, async app => {
      // Before workers are started, who would start again and again without a queue or with a schedule that can't be read.
      await putSchedules(app);
      await runEverything(app, output);
    });
    return { data: { stopped: true }, text: 'stopped' };
  });

  const down = program
    .command('down')
    .description('stop the private servers of this folder now')
    .addHelpText('after', '\nExample:\n  npx apportion down');
  registry.on(down, async () => {
    const stopped = await stopHome({ home: readConfig(process.env, process.cwd()).home });
    return { data: { stopped }, text: stopped ? 'stopped' : 'nothing was running' };
  });

  const migrate = program
    .command('migrate')
    .description("bring the database to this program's schema")
    .addHelpText('after', '\nExample:\n  DATABASE_URL=postgres://owner@db/ads npx apportion migrate');
  registry.onRecord(migrate, async (_args, _options, output) => {
    const { applied, started } = await migrateNow();
    noteStarted(output, started);
    const text = applied.length === 0 ? 'nothing to migrate' : `migrated: ${applied.join(', ')}`;
    // Only now is there a log to record it in; what was interrupted before has migrated nothing.
    return await withApp(output, async () => ({ data: { applied }, text }));
  });
}

async function migrateNow(): Promise<{ applied: string[]; started: string | null }> {
  const config = readConfig(process.env, process.cwd());
  const places = await openPlaces(config);
  try {
    const started = places.servers?.startedNow === true ? places.servers.describe : null;
    return { applied: await migrateAll(config, places.ownerAddress), started };
  } finally {
    await places.servers?.close();
  }
}
