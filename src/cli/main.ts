import { Command, CommanderError } from 'commander';
import { endOf } from '../audit/audited.ts';
import { isRefusal, type Refusal } from '../domain/errors.ts';
import { familiesFor } from './all-commands.ts';
import type { Action, CommandRegistry } from './command.ts';
import { CommandRecord } from './command-record.ts';
import { type Output, openOutput } from './output.ts';

interface Chosen {
  readonly action: Action;
  readonly command: Command;
  readonly changes: boolean;
}

const REFUSED_EXIT_CODE = 1;
const USAGE_EXIT_CODE = 2;

/** Runs one command line and returns its exit code: 0 done, 1 refused or differing, 2 wrong use, 3 a service is missing. */
export async function main(argv: readonly string[]): Promise<number> {
  endInOneLine();
  let chosen: Chosen | null = null;
  const program = await makeProgram({
    word: argv[0],
    onGiven: given => {
      chosen = given;
    },
  });
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

/** The command line, which tells the command that it was given instead of running it. It knows those that begin with `word`, or all if none does. */
export async function makeProgram({
  word,
  onGiven,
}: {
  readonly word?: string | undefined;
  readonly onGiven: (given: Chosen) => void;
}): Promise<Command> {
  const program = new Command('apportion');
  program
    .description(
      'Settles advertising revenue shares: ad events into daily earnings, tiered shares and a double-entry ledger.',
    )
    .showHelpAfterError('(add --help for the options and an example)')
    .addHelpText('after', '\nExample:\n  npx apportion ingest --help')
    .exitOverride();
  const choose = (changes: boolean) => (command: Command, action: Action) => {
    command
      .option('--json', 'print one JSON object')
      .exitOverride()
      .action(() => onGiven({ action, command, changes }));
  };
  const registry: CommandRegistry = { on: choose(false), onRecord: choose(true) };
  for (const register of await familiesFor(word)) register(program, registry);
  return program;
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

async function run({ action, command, changes }: Chosen): Promise<number> {
  const options = command.opts<Record<string, unknown>>();
  const record = changes ? recordOf(command, options) : null;
  const output = openOutput({ json: options.json === true, record });
  try {
    const result = await action(command.args, options, output);
    // Already here, for the case that nobody reads to the end.
    process.exitCode = result.exitCode ?? 0;
    await endRecord(output, { result: 'done', exitCode: result.exitCode ?? 0, refusalCode: null });
    const shown = output.json ? JSON.stringify(result.data) : result.text;
    if (shown !== '' && result.isPrinted !== true) process.stdout.write(`${shown}\n`);
    return result.exitCode ?? 0;
  } catch (error) {
    const { code, message, details, exitCode } = refusalOf(error);
    process.exitCode = exitCode;
    await endRecord(output, endOf(error));
    output.note(`apportion: ${message}`);
    if (process.env.APPORTION_DEBUG !== undefined && error instanceof Error) output.note(error.stack ?? '');
    if (output.json) printJsonError({ code, message, details });
    return exitCode;
  }
}

function recordOf(command: Command, { json: _, ...options }: Record<string, unknown>): CommandRecord {
  const names: string[] = [];
  for (let each = command; each.parent !== null; each = each.parent) names.unshift(each.name());
  const actor = typeof options.actor === 'string' ? options.actor : null;
  return new CommandRecord({ command: names.join(' '), parameters: { arguments: command.args, options }, actor });
}

/** What was done is done, whether or not that can be recorded; the entry then stays without a result. */
async function endRecord({ record, note }: Output, end: Parameters<CommandRecord['end']>[0]): Promise<void> {
  try {
    await record?.end(end);
  } catch (error) {
    if (end.result === 'done') note(`apportion: the audit log lacks the end of this command: ${messageOf(error)}`);
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
