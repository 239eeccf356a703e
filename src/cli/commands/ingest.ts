import { stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type App, acceptDepsOf } from '../../app.ts';
import { isRefusal, Refusal } from '../../domain/errors.ts';
import { type AcceptedFile, acceptFile } from '../../events/accept-file.ts';
import { collectSeldom } from '../../events/collect-seldom.ts';
import { type FirstRejectedLine, firstRejectedLines } from '../../events/first-rejected-lines.ts';
import { type IngestSummary, summariseIngests } from '../../events/ingest-summary.ts';
import { LINE_FORMATS, type LineFormat } from '../../events/line-formats.ts';
import { instantArgument } from '../arguments.ts';
import { awaitProcessing, describeSummary } from '../await-processing.ts';
import { type CommandRegistry, type Result, withApp } from '../command.ts';
import { KeptWorker } from '../kept-worker.ts';
import type { Output } from '../output.ts';

const MUCH_INPUT_BYTES = 32 * 1024 * 1024;

interface IngestOptions {
  readonly format: LineFormat;
  readonly asOf?: Date;
  readonly strict?: boolean;
  readonly wait: boolean;
}

export function registerIngest(program: Command, registry: CommandRegistry): void {
  const ingest = program
    .command('ingest')
    .description('accept files of events (plain, gzip or zstd) and wait until they are processed')
    .argument('<files...>', 'logs, read in the order given')
    .addOption(
      new Option('--format <format>', 'format of the lines').choices(Object.keys(LINE_FORMATS)).default('ndjson'),
    )
    .option('--as-of <instant>', '"now" for the acceptance window, for old logs', instantArgument)
    .option('--strict', 'exit with 1 if any line was rejected')
    .option('--no-wait', 'return as soon as the lines are safe in the inbox')
    .addHelpText('after', '\nExample:\n  npx apportion ingest events.ndjson.gz --as-of 2018-04-16T00:00:00+08:00');
  registry.onRecord(ingest, async (paths, options, output) =>
    withApp(
      output,
      async app => await ingestFiles(app, { paths, options: options as unknown as IngestOptions, output }),
    ),
  );
}

interface IngestRequest {
  readonly paths: readonly string[];
  readonly options: IngestOptions;
  readonly output: Output;
}

async function ingestFiles(app: App, request: IngestRequest): Promise<Result> {
  collectSeldom();
  const { options, output } = request;
  // What is accepted of much input is processed meanwhile; for little, starting a process takes longer than the work.
  const isMuch = (await totalBytes(request.paths)) > MUCH_INPUT_BYTES;
  const startsWorker = options.wait && isMuch && (await noWorkers(app));
  const worker = startsWorker ? new KeptWorker('event-worker', { output, log: 'ignore' }) : null;
  try {
    const { files, problems } = await acceptAll(app, request);
    const queueProblem = files.find(file => file.queueProblem !== null)?.queueProblem ?? null;
    if (options.wait && queueProblem === null) {
      await awaitProcessing(app, {
        ingestIds: files.map(file => file.ingestId),
        batches: files.reduce((sum, file) => sum + file.batches, 0),
        output,
        ownProcesses: worker === null ? 0 : 1,
      });
    }
    return await summarise(app, { files, problems, queueProblem }, request);
  } finally {
    await worker?.stop();
  }
}

/** A queue that is away is told of when the batches are safe. */
async function noWorkers(app: App): Promise<boolean> {
  try {
    return (await (await app.queues()).eventWorkers()) === 0;
  } catch {
    return true;
  }
}

interface Acceptance {
  readonly files: readonly AcceptedFile[];
  readonly problems: readonly Refusal[];
}

/** Goes on to the next file when one can't be read; throws when none can. */
async function acceptAll(app: App, request: IngestRequest): Promise<Acceptance> {
  const files: AcceptedFile[] = [];
  const problems: Refusal[] = [];
  for (const path of request.paths) {
    try {
      const file = await acceptOne(app, path, request);
      files.push(file);
      if (file.damage !== null) problems.push(file.damage);
    } catch (error) {
      if (!isRefusal(error) || error.code !== 'bad_file') throw error;
      problems.push(error);
    }
  }
  const [problem] = problems;
  if (files.length === 0 && problem !== undefined) throw problem;
  return { files, problems };
}

async function summarise(
  app: App,
  { files, problems, queueProblem }: Acceptance & { readonly queueProblem: Refusal | null },
  { options, output }: IngestRequest,
): Promise<Result> {
  const ingestIds = files.map(file => file.ingestId);
  const summary = await summariseIngests(app.db, ingestIds);
  for (const { message } of problems) output.note(`apportion: ${message}`);
  if (queueProblem !== null) throw keptForLater(summary, queueProblem);
  const reasons = Object.keys(summary.rejected);
  const firstRejected = reasons.length > 0 ? await firstRejectedLines(app.db, ingestIds) : [];
  if (!output.json) for (const line of firstRejected) output.note(describeRejected(line, summary));
  const refused = options.strict === true && reasons.length > 0;
  if (refused) output.note('apportion: --strict allows no rejected line');
  return {
    data: {
      ...summary,
      first_rejected: firstRejected.map(({ file, lineNo, ...why }) => ({ file, line: lineNo, ...why })),
      problems: problems.map(({ code, message }) => ({ code, message })),
    },
    text: describeSummary(summary),
    exitCode: problems.length > 0 || refused ? 1 : 0,
  };
}

/** The first line of each reason stands for the others. */
function describeRejected({ file, lineNo, reason, detail }: FirstRejectedLine, { rejected }: IngestSummary): string {
  const others = (rejected[reason] ?? 1) - 1;
  const more = others === 0 ? '' : ` (and ${others.toLocaleString('en-US')} more)`;
  return `apportion: ${file}:${lineNo}: ${reason}: ${detail}${more}`;
}

function keptForLater({ received, pending }: IngestSummary, problem: Refusal): Refusal {
  return new Refusal({
    code: problem.code,
    message: `${received.toLocaleString('en-US')} lines are safe in the inbox and wait to be processed. ${problem.message}`,
    details: { ...problem.details, received, pending },
    exitCode: problem.exitCode,
  });
}

async function acceptOne(app: App, path: string, { options, output }: IngestRequest): Promise<AcceptedFile> {
  const progress = output.progress({ label: `accepting ${path}`, total: await totalBytes([path]) });
  try {
    return await acceptFile(acceptDepsOf(app), {
      path,
      format: options.format,
      clock: options.asOf ?? app.now(),
      batchEvents: app.config.batchEvents,
      onProgress: ({ bytesRead }) => progress.update(bytesRead),
    });
  } finally {
    progress.stop();
  }
}

/** Files that can't be read count as empty; reading them tells what is wrong. */
async function totalBytes(paths: readonly string[]): Promise<number> {
  const files = await Promise.allSettled(paths.map(path => stat(path)));
  return files.reduce((sum, file) => sum + (file.status === 'fulfilled' ? file.value.size : 0), 0);
}
