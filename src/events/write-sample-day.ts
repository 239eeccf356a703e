import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Refusal } from '../domain/errors.ts';
import type { SampleCatalog } from './sample-catalog.ts';
import { type SampleOptions, sampleDay } from './sample-day.ts';
import type { SampleCounts } from './sample-log.ts';

const CHUNK_CHARACTERS = 1 << 18;

export interface WriteSampleOptions extends SampleOptions {
  /** Made if it is not there; files of an earlier sample in it are replaced. */
  readonly outDir: string;
  readonly onProgress?: (progress: { readonly lines: number }) => void;
}

export interface WrittenSample {
  readonly files: { readonly catalog: string; readonly plans: string; readonly events: string };
  readonly counts: SampleCounts;
}

/**
 * Writes a sample day as `catalog.json`, `plans.json` and `events.ndjson`. A file bears its name only once it is whole.
 * @throws Refusal `bad_option`, `bad_time_zone`, `cannot_write`
 */
export async function writeSampleDay({ outDir, onProgress, ...options }: WriteSampleOptions): Promise<WrittenSample> {
  const day = sampleDay(options);
  const files = {
    catalog: path.join(outDir, 'catalog.json'),
    plans: path.join(outDir, 'plans.json'),
    events: path.join(outDir, 'events.ndjson'),
  };
  const log = new LogText(day.lines(), onProgress);
  await makeFolder(outDir);
  await writeText(files.catalog, chunksOf(catalogText(day.catalog)));
  await writeText(files.plans, [`${JSON.stringify(day.plans, null, 2)}\n`]);
  await writeText(files.events, log.chunks());
  return { files, counts: log.counts() };
}

/** The lines of a log in large pieces, with a count of them. */
class LogText {
  readonly #lines: Generator<string, SampleCounts, undefined>;
  readonly #onProgress: WriteSampleOptions['onProgress'];
  #counts: SampleCounts | null = null;

  constructor(lines: Generator<string, SampleCounts, undefined>, onProgress: WriteSampleOptions['onProgress']) {
    this.#lines = lines;
    this.#onProgress = onProgress;
  }

  *chunks(): Generator<string> {
    let lines = 0;
    let chunk = '';
    for (;;) {
      const next = this.#lines.next();
      if (next.done === true || chunk.length >= CHUNK_CHARACTERS) {
        yield chunk;
        this.#onProgress?.({ lines });
        chunk = '';
      }
      if (next.done === true) {
        this.#counts = next.value;
        return;
      }
      chunk += `${next.value}\n`;
      lines += 1;
    }
  }

  counts(): SampleCounts {
    if (this.#counts === null) throw new Error('the log has not been read to its end');
    return this.#counts;
  }
}

/** The catalog as JSON, an entry a line. */
function* catalogText(catalog: SampleCatalog): Generator<string> {
  const lists = {
    developers: catalog.developers(),
    apps: catalog.apps(),
    ad_units: catalog.adUnits(),
    campaigns: catalog.campaigns(),
  };
  let before = '{';
  for (const [list, entries] of Object.entries(lists)) {
    yield `${before}\n"${list}": [`;
    let separator = '\n';
    for (const entry of entries) {
      yield `${separator}${JSON.stringify(entry)}`;
      separator = ',\n';
    }
    yield '\n]';
    before = ',';
  }
  yield '\n}\n';
}

function* chunksOf(pieces: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

async function writeText(file: string, chunks: Iterable<string>): Promise<void> {
  const unfinished = `${file}.part`;
  try {
    await pipeline(Readable.from(chunks), createWriteStream(unfinished));
    await rename(unfinished, file);
  } catch (error) {
    // What went wrong first is to be told, not that tidying up failed too.
    await rm(unfinished, { force: true }).catch(() => {});
    throw cannotWrite(file, error);
  }
}

function cannotWrite(file: string, error: unknown): unknown {
  // Only what the system refused: anything else is a fault of the program.
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return new Refusal({
    code: 'cannot_write',
    message: `${file}: can't be written (${error.message})`,
    details: { file },
    remedy: 'make room, or choose a folder that you may write to with --out',
  });
}
