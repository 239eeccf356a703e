import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { oldestPending } from '../src/events/inbox.ts';
import { type Bench, Stage } from './bench.ts';
import { EventPieces, type Piece } from './event-pieces.ts';
import { createEventTables, EMPTY, type EventTable, FILLED } from './event-tables.ts';
import { BenchHome } from './home.ts';
import { watchPeakMemory } from './peak-memory.ts';
import { type ProcessorTime, processorTimeSince, readProcessorTime } from './processor-time.ts';
import { LimitReference } from './reference-limit.ts';
import { firstEvents, NaiveReference } from './reference-naive.ts';
import { AS_OF, apportion, type IngestData, ingestAsUser, prepareAsUser, startUp, startWorker } from './run-as-user.ts';
import { writeTrafficPolicy } from './traffic-policy.ts';

/** Lines that are handed in with one command while the known identities are loaded. */
const LOAD_LINES = 1_000_000;
const LOOK_MS = 50;
/** The figure that is compared with the references; without it they are not run. */
const COMPARED = 'events';

const SIZES = {
  known: { full: 10_000_000, quick: 200_000, help: 'events that are in the system before the measured ones come' },
  events: { full: 1_000_000, quick: 30_000, help: 'lines that each run takes in' },
  apps: { full: 100_000, quick: 2_000, help: 'apps of the catalog that these events are for' },
  naive: { full: 20_000, quick: 2_000, help: 'events of each run of the naive reference' },
};

/** One run: new events, the same again, and the references beside them. */
export interface EventRun {
  readonly lines: number;
  /** Distinct events that can be read: what all rates count. */
  readonly events: number;
  readonly firstSeconds: number;
  readonly replaySeconds: number;
  /** Of the first time, a checkpoint afterwards included. */
  readonly processorTime: ProcessorTime;
  /** Events a second; null where it was not run. */
  readonly limit: OnBothTables | null;
  readonly naive: OnBothTables | null;
}

/** Events a second of a reference whose table begins without rows, and of one that has the known events. */
export interface OnBothTables {
  readonly empty: number;
  readonly filled: number;
}

/** What loading the known identities through one worker process told. */
export interface KnownLoad {
  readonly lines: number;
  readonly rawBytes: number;
  readonly diskBytes: { readonly postgres: number; readonly redis: number };
  readonly peakBytes: ReadonlyMap<string, number>;
  /** What each table has grown by, its indexes included. */
  readonly tableBytes: ReadonlyMap<string, number>;
}

interface References {
  readonly limit: LimitReference;
  readonly naive: NaiveReference | null;
}

class EventStage {
  readonly home: BenchHome;
  readonly load: KnownLoad;
  readonly #bench: Bench;
  readonly #pieces: EventPieces;
  readonly #references: References | null;
  #runs: Promise<EventRun[]> | null = null;

  private constructor(
    bench: Bench,
    parts: {
      readonly home: BenchHome;
      readonly pieces: EventPieces;
      readonly references: References | null;
      readonly load: KnownLoad;
    },
  ) {
    this.#bench = bench;
    this.home = parts.home;
    this.load = parts.load;
    this.#pieces = parts.pieces;
    this.#references = parts.references;
  }

  static async open(bench: Bench): Promise<EventStage> {
    const home = await BenchHome.open(bench);
    const folder = path.join(home.folder, 'sample');
    await mkdir(folder);
    const lines = bench.size('known') + 1 + bench.runs * bench.size('events');
    const pieces = await EventPieces.open({ folder, apps: bench.size('apps'), lines });
    const traffic = await writeTrafficPolicy(folder);
    await prepareAsUser(home, { catalogs: [pieces.catalogFile], plans: pieces.plansFile, traffic });
    const references = bench.selected(COMPARED) ? await openReferences(home) : null;
    const load = await loadKnown(bench, { home, pieces, limit: references?.limit ?? null });
    await startUp(home);
    return new EventStage(bench, { home, pieces, references, load });
  }

  /** Measured once, for all figures. */
  async runs(): Promise<EventRun[]> {
    this.#runs ??= this.#runAll();
    return await this.#runs;
  }

  async #runAll(): Promise<EventRun[]> {
    await this.#noteStartUp();
    const runs: EventRun[] = [];
    for (let run = 1; run <= this.#bench.runs; run += 1) {
      this.#bench.progress(`run ${run} of ${this.#bench.runs}: new events, the same again, references`);
      runs.push(await this.#run(await this.#pieces.next(this.#bench.size('events'))));
    }
    return runs;
  }

  /** What the command costs before and after its work, which is in every figure; it also makes the workers' first job none that counts. */
  async #noteStartUp(): Promise<void> {
    const piece = await this.#pieces.next(1);
    const before = readProcessorTime(this.home.pids);
    const { seconds } = await ingestAsUser(this.home, piece.file);
    const { node } = processorTimeSince(before, this.home.pids);
    this.#bench.note(`start-up: ingesting one line takes ${seconds.toFixed(2)} s, ${node.toFixed(2)} s of Node's CPU`);
    await rm(piece.file);
  }

  async #run(piece: Piece): Promise<EventRun> {
    const { home } = this;
    await home.checkpoint();
    const before = readProcessorTime(home.pids);
    const first = await ingestAsUser(home, piece.file);
    await home.checkpoint();
    const processorTime = processorTimeSince(before, home.pids);
    checkFirst(piece, first.data);
    const replay = await ingestAsUser(home, piece.file);
    checkReplay(first.data, replay.data);
    const compared = await this.#compare(piece);
    await rm(piece.file);
    return {
      lines: piece.lines,
      firstSeconds: first.seconds,
      replaySeconds: replay.seconds,
      processorTime,
      ...compared,
    };
  }

  async #compare(piece: Piece): Promise<Pick<EventRun, 'events' | 'limit' | 'naive'>> {
    if (this.#references === null) return { events: piece.lines, limit: null, naive: null };
    const { limit, naive } = this.#references;
    const copy = await limit.prepare(piece);
    const copied = await onBothTables(copy.rows, table => limit.run(copy, table));
    await limit.remove(copy);
    if (naive === null) return { events: copy.rows, limit: copied, naive: null };
    const sample = await firstEvents(piece.file, this.#bench.size('naive'));
    const inserted = await onBothTables(sample.length, table => naive.run(sample, table));
    return { events: copy.rows, limit: copied, naive: inserted };
  }

  async close(): Promise<void> {
    await this.home.close();
  }
}

async function openReferences(home: BenchHome): Promise<References> {
  await createEventTables(home.references);
  return { limit: new LimitReference(home.references), naive: NaiveReference.open(home) };
}

async function onBothTables(events: number, seconds: (table: EventTable) => Promise<number>): Promise<OnBothTables> {
  return { empty: events / (await seconds(EMPTY)), filled: events / (await seconds(FILLED)) };
}

/** The known identities go through one worker process alone, so that its memory can be told; the filled table of the references gets the same. */
async function loadKnown(
  bench: Bench,
  {
    home,
    pieces,
    limit,
  }: { readonly home: BenchHome; readonly pieces: EventPieces; readonly limit: LimitReference | null },
): Promise<KnownLoad> {
  const lines = bench.size('known');
  const database = home.database(1);
  const stopWorker = await startWorker(home, 'event-worker');
  await home.checkpoint();
  const before = home.diskBytes();
  const tablesBefore = await home.tableBytes();
  let rawBytes = 0;
  const peakBytes = new Map<string, number>();
  for (let loaded = 0; loaded < lines; loaded += LOAD_LINES) {
    bench.progress(`loading known identities: ${loaded.toLocaleString('en-US')} of ${lines.toLocaleString('en-US')}`);
    const piece = await pieces.next(Math.min(LOAD_LINES, lines - loaded));
    const memory = watchPeakMemory();
    await apportion(home, ['ingest', piece.file, '--as-of', AS_OF, '--no-wait']);
    while ((await oldestPending(database)).length > 0) await sleep(LOOK_MS);
    for (const [program, bytes] of memory.stop()) peakBytes.set(program, Math.max(bytes, peakBytes.get(program) ?? 0));
    if (limit !== null) {
      const copy = await limit.prepare(piece);
      await limit.run(copy, FILLED);
      await limit.remove(copy);
    }
    rawBytes += piece.bytes;
    await rm(piece.file);
  }
  await stopWorker();
  await home.checkpoint();
  const after = home.diskBytes();
  const tableBytes = new Map<string, number>();
  for (const [table, bytes] of await home.tableBytes()) tableBytes.set(table, bytes - (tablesBefore.get(table) ?? 0));
  const diskBytes = { postgres: after.postgres - before.postgres, redis: after.redis - before.redis };
  return { lines, rawBytes, diskBytes, peakBytes, tableBytes };
}

/** A fast wrong answer is no figure. */
function checkFirst({ file, lines }: Piece, data: IngestData): void {
  const { received, accepted, duplicates, conflicts, rejected } = data;
  const refused = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  if (received === lines && accepted + duplicates + conflicts + refused === lines && accepted > lines * 0.98) return;
  throw new Error(`${file}: ${JSON.stringify(data)} of ${lines} lines`);
}

function checkReplay(first: IngestData, replay: IngestData): void {
  const repeats = first.accepted + first.duplicates;
  if (replay.accepted === 0 && replay.duplicates === repeats && replay.conflicts === first.conflicts) return;
  throw new Error(`a replay of ${JSON.stringify(first)} came to ${JSON.stringify(replay)}`);
}

export const eventStage = new Stage('events', SIZES, bench => EventStage.open(bench));
