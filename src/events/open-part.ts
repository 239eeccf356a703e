import { CatalogLookup } from '../catalog/lookup.ts';
import type { Queryable } from '../db/database.ts';
import type { AdEvent } from '../domain/ad-event.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type DayRange, packBatch, withDay } from './batch.ts';
import type { RefusedLine } from './batch-columns.ts';
import { EventColumns, EventDictionaries, type NamedAdUnit, type NamedApp } from './event-columns.ts';
import { type AcceptanceWindow, judgeEvent } from './judge-line.ts';

/** Lines held in memory before they are committed to the inbox. */
const MOST_LINES = 524_288;
/** Ids whose owners are remembered from one part to the next, and values of other kinds. */
const REMEMBERED_IDS = 200_000;
const REMEMBERED_VALUES = 400_000;
const MOST_USER_AGENT_BYTES = 1 << 25;

/** The lines of one bucket, on their way into the inbox. */
export interface ClosedBatch {
  readonly bucket: number;
  readonly lineCount: number;
  readonly days: DayRange | null;
  readonly payload: Buffer;
}

interface OpenBatch {
  readonly events: EventColumns;
  days: DayRange | null;
  readonly refused: RefusedLine[];
}

/**
 * The part of a file that is in hand: the events of the block that is being read, and the batches that the lines before have come to.
 * A block's events are added first and judged together, so that the catalog is asked about many ids at once.
 */
export class OpenPart {
  /** Events that wait to be judged, in the order of the file. */
  readonly block: EventColumns;
  /** Lines in the open batches. */
  lineCount = 0;
  readonly #dictionaries = new EventDictionaries();
  readonly #bucketCount: number;
  readonly #window: AcceptanceWindow;
  readonly #lookup = new CatalogLookup({ limit: REMEMBERED_IDS });
  /** By bucket; kept when they have been closed, for their room. */
  readonly #batches = new Map<number, OpenBatch>();

  constructor({ bucketCount, window }: { readonly bucketCount: number; readonly window: AcceptanceWindow }) {
    this.#bucketCount = bucketCount;
    this.#window = window;
    this.block = new EventColumns(this.#dictionaries);
  }

  /** So large that it should be closed before more is read. */
  get isFull(): boolean {
    return this.lineCount >= MOST_LINES || this.#remembersMuch;
  }

  /** Asks the catalog about the ids of the block, as far as it has not told yet. */
  async resolveIds(q: Queryable): Promise<void> {
    const { block } = this;
    const apps = new Set<NamedApp>();
    const adUnits = new Set<NamedAdUnit>();
    for (let row = 0; row < block.count; row += 1) {
      const app = this.#appOf(row);
      if (app.developerId === null) apps.add(app);
      const adUnit = this.#adUnitOf(row);
      if (adUnit.appId === null) adUnits.add(adUnit);
    }
    if (apps.size === 0 && adUnits.size === 0) return;
    const ids = { appIds: idsOf(apps), adUnitIds: idsOf(adUnits) };
    await this.#lookup.resolve(q, ids);
    for (const app of apps) {
      app.developerId = this.#lookup.developerOf(app.id);
      if (app.developerId !== null) app.bucket = bucketOf(app.developerId, this.#bucketCount);
    }
    for (const adUnit of adUnits) adUnit.appId = this.#lookup.appOfAdUnit(adUnit.id);
  }

  /**
   * Puts an event of the block, for which `resolveIds` has asked, into the batch of its bucket, or refuses it; `line` reads it again.
   * @returns how many lines the batch holds now
   */
  judge(row: number, line: () => { readonly event: AdEvent; readonly lineNo: number; readonly bytes: Buffer }): number {
    const app = this.#appOf(row);
    const adUnit = this.#adUnitOf(row);
    const occurredAtMs = this.block.occurredAtMs[row] as number;
    const day = this.#window.calendar.dayOf(occurredAtMs);
    const isGood =
      app.developerId !== null &&
      adUnit.appId === app.id &&
      day >= this.#window.oldestDay &&
      occurredAtMs <= this.#window.newestMs;
    if (isGood) {
      const batch = this.#batchOf(app.bucket);
      batch.events.addRowOf(this.block, row);
      batch.days = withDay(batch.days, day);
      return this.#countLine(batch);
    }
    const { event, lineNo, bytes } = line();
    const judgement = judgeEvent(event, {
      window: this.#window,
      lookup: { developerOf: () => app.developerId, appOfAdUnit: () => adUnit.appId },
    });
    if (judgement.refusal === null) throw new Error(`line ${lineNo} was refused for no reason`);
    return this.refuse({ lineNo, ownerId: judgement.ownerId, ...judgement.refusal, bytes });
  }

  /** @returns how many lines its batch holds now */
  refuse(line: RefusedLine): number {
    const batch = this.#batchOf(bucketOf(line.ownerId, this.#bucketCount));
    batch.refused.push(line);
    return this.#countLine(batch);
  }

  /** Closes all open batches, in the order of their buckets. */
  closeBatches(): ClosedBatch[] {
    const closed: ClosedBatch[] = [];
    for (const bucket of [...this.#batches.keys()].sort((a, b) => a - b)) {
      const batch = this.#batchOf(bucket);
      const lineCount = linesIn(batch);
      if (lineCount === 0) continue;
      const { events, days, refused } = batch;
      closed.push({ bucket, days, lineCount, payload: packBatch(events, refused) });
      events.clear();
      refused.length = 0;
      batch.days = null;
    }
    this.lineCount = 0;
    return closed;
  }

  /** Makes room for the next block. All batches are closed if the part was full. */
  clearBlock(): void {
    this.block.clear();
    if (this.#remembersMuch) this.#dictionaries.clear();
  }

  get #remembersMuch(): boolean {
    const { apps, adUnits, prices, campaigns, userAgents } = this.#dictionaries;
    return (
      Math.max(apps.size, adUnits.size) > REMEMBERED_IDS * 2 ||
      Math.max(prices.size, campaigns.size, userAgents.size) > REMEMBERED_VALUES ||
      userAgents.byteLength > MOST_USER_AGENT_BYTES
    );
  }

  #appOf(row: number): NamedApp {
    return this.#dictionaries.apps.values[this.block.app[row] as number] as NamedApp;
  }

  #adUnitOf(row: number): NamedAdUnit {
    return this.#dictionaries.adUnits.values[this.block.adUnit[row] as number] as NamedAdUnit;
  }

  #batchOf(bucket: number): OpenBatch {
    let batch = this.#batches.get(bucket);
    if (batch === undefined) {
      batch = { events: new EventColumns(this.#dictionaries), days: null, refused: [] };
      this.#batches.set(bucket, batch);
    }
    return batch;
  }

  #countLine(batch: OpenBatch): number {
    this.lineCount += 1;
    return linesIn(batch);
  }
}

function linesIn({ events, refused }: OpenBatch): number {
  return events.count + refused.length;
}

function* idsOf(named: Iterable<{ readonly id: string }>): Generator<string> {
  for (const { id } of named) yield id;
}
