import { Command, CommanderError } from 'commander';
import { isRefusal, type Refusal } from '../domain/errors.ts';
import type { Action, CommandRegistry } from './command.ts';
import { registerCatalog } from './commands/catalog.ts';
import { registerExplain } from './commands/explain.ts';
import { registerGenerate } from './commands/generate.ts';
import { registerIngest } from './commands/ingest.ts';
import { registerLedger } from './commands/ledger.ts';
import { registerPlans } from './commands/plans.ts';
import { registerRuns } from './commands/runs.ts';
import { registerServices } from './commands/services.ts';
import { registerSettle } from './commands/settle.ts';
import { registerStatement } from './commands/statement.ts';
import { registerStatus } from './commands/status.ts';
import { registerVerify } from './commands/verify.ts';
import { openOutput } from './output.ts';

const REFUSED_EXIT_CODE = 1;
const USAGE_EXIT_CODE = 2;

/** Runs one command line and returns its exit code: 0 done, 1 refused or differing, 2 wrong use, 3 a service is missing. */
export async function main(argv: readonly string[]): Promise<number> {
  endInOneLine();
  let chosen: { action: Action; command: Command } | null = null;
  const program = new Command('apportion');
  program
    .description(
      'Settles advertising revenue shares: ad events into daily earnings, tiered shares and a double-entry ledger.',
    )
    .showHelpAfterError('(add --help for the options and an example)')
    .addHelpText('after', '\nExample:\n  npx apportion ingest --help')
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
  registerRuns(program, registry);
  registerStatement(program, registry);
  registerStatus(program, registry);
  registerLedger(program, registry);
  registerExplain(program, registry);
  registerVerify(program, registry);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (argv.includes('--json')) {
      printJsonError({ code: 'bad_usage', message: error.message.replace(/^error: /, ''), details: {} });
    }
    return USAGE_EXIT_CODE;
  }
  return chosen === null ? USAGE_EXIT_CODE : await run(chosen);
}

/** What goes wrong outside of a command's own work ends the program too, but never with a stack trace. */
function endInOneLine(): void {
  process.stdout.on('error', error => {
    // A reader that has seen enough, such as `head`, is no failure.
    if ('code' in error && error.code === 'EPIPE') process.exit();
    process.stderr.write(`apportion: standard output can't be written (${error.message}); free some space\n`);
    process.exit(REFUSED_EXIT_CODE);
  });
  // Nobody is left to tell.
  process.stderr.on('error', () => {});
  process.on('uncaughtException', error => {
    const { message, exitCode } = refusalOf(error);
    process.stderr.write(`apportion: ${message}\n`);
    process.exit(exitCode);
  });
}

async function run({ action, command }: { action: Action; command: Command }): Promise<number> {
  const options = command.opts<Record<string, unknown>>();
  const output = openOutput({ json: options.json === true });
  try {
    const result = await action(command.args, options, output);
    // Already here, for the case that nobody reads to the end.
    process.exitCode = result.exitCode ?? 0;
    const shown = output.json ? JSON.stringify(result.data) : result.text;
    if (shown !== '') process.stdout.write(`${shown}\n`);
    return result.exitCode ?? 0;
  } catch (error) {
    const { code, message, details, exitCode } = refusalOf(error);
    process.exitCode = exitCode;
    output.note(`apportion: ${message}`);
    if (process.env.APPORTION_DEBUG !== undefined && error instanceof Error) output.note(error.stack ?? '');
    if (output.json) printJsonError({ code, message, details });
    return exitCode;
  }
}

function printJsonError(error: Pick<Refusal, 'code' | 'message' | 'details'>): void {
  process.stdout.write(`${JSON.stringify({ error })}\n`);
}

function refusalOf(error: unknown): Pick<Refusal, 'code' | 'message' | 'details' | 'exitCode'> {
  if (isRefusal(error)) return error;
  return { code: 'internal_error', message: messageOf(error), details: {}, exitCode: REFUSED_EXIT_CODE };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
}
