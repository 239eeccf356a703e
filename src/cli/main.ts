import { Command, CommanderError } from 'commander';
import { isRefusal } from '../domain/errors.ts';
import type { Action, CommandRegistry } from './command.ts';
import { registerCatalog } from './commands/catalog.ts';
import { registerExplain } from './commands/explain.ts';
import { registerGenerate } from './commands/generate.ts';
import { registerIngest } from './commands/ingest.ts';
import { registerLedger } from './commands/ledger.ts';
import { registerPlans } from './commands/plans.ts';
import { registerServices } from './commands/services.ts';
import { registerSettle } from './commands/settle.ts';
import { registerStatement } from './commands/statement.ts';
import { registerVerify } from './commands/verify.ts';
import { openOutput } from './output.ts';

const USAGE_EXIT_CODE = 2;

/** Runs one command line and returns its exit code: 0 done, 1 refused or differing, 2 wrong use, 3 a service is missing. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that has seen enough, such as `head`, is no failure.
  process.stdout.on('error', error => {
    if ('code' in error && error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  let chosen: { action: Action; command: Command } | null = null;
  const program = new Command('apportion');
  program
    .description(
      'Settles advertising revenue shares: ad events into daily earnings, tiered shares and a double-entry ledger.',
    )
    .showHelpAfterError('(add --help for the options and an example)')
    .exitOverride();
  const registry: CommandRegistry = {
    on: (command, action) => {
      command
        .option('--json', 'print one JSON object')
        .exitOverride()
        .action(() => {
          chosen = { action, command };
        });
    },
  };
  registerServices(program, registry);
  registerCatalog(program, registry);
  registerPlans(program, registry);
  registerGenerate(program, registry);
  registerIngest(program, registry);
  registerSettle(program, registry);
  registerStatement(program, registry);
  registerLedger(program, registry);
  registerExplain(program, registry);
  registerVerify(program, registry);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
    throw error;
  }
  return chosen === null ? USAGE_EXIT_CODE : await run(chosen);
}

async function run({ action, command }: { action: Action; command: Command }): Promise<number> {
  const options = command.opts<Record<string, unknown>>();
  const output = openOutput({ json: options.json === true });
  try {
    const result = await action(command.args, options, output);
    const shown = output.json ? JSON.stringify(result.data) : result.text;
    if (shown !== '') process.stdout.write(`${shown}\n`);
    return result.exitCode ?? 0;
  } catch (error) {
    const { code, message, details, exitCode } = isRefusal(error)
      ? error
      : { code: 'internal_error', message: messageOf(error), details: {}, exitCode: 1 };
    if (output.json) process.stdout.write(`${JSON.stringify({ error: { code, message, details } })}\n`);
    output.note(`apportion: ${message}`);
    if (process.env.APPORTION_DEBUG !== undefined && error instanceof Error) output.note(error.stack ?? '');
    return exitCode;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
}
