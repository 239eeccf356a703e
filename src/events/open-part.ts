import { appsOfAdUnits, developersOfApps } from '../catalog/known-ids.ts';
import type { Queryable } from '../db/database.ts';
import type { AdEvent } from '../domain/ad-event.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type DayRange, packBatch, withDay } from './batch.ts';
import type { RefusedLine } from './batch-columns.ts';
import type { ByteDictionary } from './byte-dictionary.ts';
import { EventColumns, EventDictionaries, withPlaces } from './event-columns.ts';
import { type AcceptanceWindow, judgeEvent } from './judge-line.ts';

/**
 * Lines held in memory before they are committed to the inbox: few at first, so that workers soon have something to do, then more and
 * more, since the larger batches are, the less each of their lines costs.
 */
const FIRST_LINES = 131_072;
const MOST_LINES = 524_288;
/** Values of each kind that are remembered from one part to the next. */
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
  /** The bucket whose batch takes no more, if there is one: it is to be closed before the next line. */
  fullBucket: number | null = null;
  #mostLines = FIRST_LINES;
  readonly #dictionaries = new EventDictionaries();
  readonly #bucketCount: number;
  readonly #batchEvents: number;
  readonly #window: AcceptanceWindow;
  /** By app; -1 as long as the catalog has not told whose it is. */
  #bucketOfApp = new Int32Array(0);
  /** By ad unit; -1 as long as the catalog has not told. */
  #appOfAdUnit = new Int32Array(0);
  /** By bucket; kept when they have been closed, for their room. */
  readonly #batches = new Map<number, OpenBatch>();

  constructor({
    bucketCount,
    batchEvents,
    window,
  }: {
    readonly bucketCount: number;
    /** The most lines of a batch. */
    readonly batchEvents: number;
    readonly window: AcceptanceWindow;
  }) {
    this.#bucketCount = bucketCount;
    this.#batchEvents = batchEvents;
    this.#window = window;
    this.block = new EventColumns(this.#dictionaries);
  }

  /** So large that it should be closed before more is read. */
  get isFull(): boolean {
    return this.lineCount >= this.#mostLines || this.#remembersMuch;
  }

  /** Asks the catalog about the ids of the block, as far as it has not told yet. */
  async resolveIds(q: Queryable): Promise<void> {
    const { block } = this;
    const { apps, adUnits } = this.#dictionaries;
    this.#bucketOfApp = withPlaces(this.#bucketOfApp, apps.size);
    this.#appOfAdUnit = withPlaces(this.#appOfAdUnit, adUnits.size);
    const askedApps = new Set<number>();
    const askedAdUnits = new Set<number>();
    for (let row = 0; row < block.count; row += 1) {
      const app = block.app[row] as number;
      if (this.#bucketOfApp[app] === -1) askedApps.add(app);
      const adUnit = block.adUnit[row] as number;
      if (this.#appOfAdUnit[adUnit] === -1) askedAdUnits.add(adUnit);
    }
    const developers = await developersOfApps(q, textsOf(apps, askedApps));
    for (const [appId, developerId] of developers) {
      const app = apps.codeOfText(appId);
      this.#dictionaries.nameDeveloper(app, developerId);
      this.#bucketOfApp[app] = bucketOf(developerId, this.#bucketCount);
    }
    const owners = await appsOfAdUnits(q, textsOf(adUnits, askedAdUnits));
    for (const [adUnitId, appId] of owners) this.#appOfAdUnit[adUnits.codeOfText(adUnitId)] = apps.codeOfText(appId);
    this.#bucketOfApp = withPlaces(this.#bucketOfApp, apps.size);
  }

  /**
   * Puts an event of the block, for which `resolveIds` has asked, into the batch of its bucket, or refuses it; `line` reads it again.
   */
  judge(row: number, line: () => { readonly event: AdEvent; readonly lineNo: number; readonly bytes: Buffer }): void {
    const { block } = this;
    const app = block.app[row] as number;
    const bucket = this.#bucketOfApp[app] as number;
    const appOfAdUnit = this.#appOfAdUnit[block.adUnit[row] as number] as number;
    const occurredAtMs = block.occurredAtMs[row] as number;
    const day = this.#window.calendar.dayOf(occurredAtMs);
    const isGood =
      bucket >= 0 && appOfAdUnit === app && day >= this.#window.oldestDay && occurredAtMs <= this.#window.newestMs;
    if (isGood) {
      const batch = this.#batchOf(bucket);
      batch.events.addRowOf(block, row);
      batch.days = withDay(batch.days, day);
      this.#countLine(bucket, batch);
      return;
    }
    const { event, lineNo, bytes } = line();
    const { apps, developers } = this.#dictionaries;
    const judgement = judgeEvent(event, {
      window: this.#window,
      lookup: {
        developerOf: () => (bucket < 0 ? null : developers.textOf(this.#dictionaries.developerOf(app))),
        appOfAdUnit: () => (appOfAdUnit < 0 ? null : apps.textOf(appOfAdUnit)),
      },
    });
    if (judgement.refusal === null) throw new Error(`line ${lineNo} was refused for no reason`);
    this.refuse({ lineNo, ownerId: judgement.ownerId, ...judgement.refusal, bytes });
  }

  refuse(line: RefusedLine): void {
    const bucket = bucketOf(line.ownerId, this.#bucketCount);
    const batch = this.#batchOf(bucket);
    batch.refused.push(line);
    this.#countLine(bucket, batch);
  }

  /** Closes all open batches, in the order of their buckets. */
  closeBatches(): ClosedBatch[] {
    if (this.lineCount >= this.#mostLines) this.#mostLines = Math.min(this.#mostLines * 2, MOST_LINES);
    const buckets = [...this.#batches.keys()].filter(bucket => linesIn(this.#batchOf(bucket)) > 0);
    return buckets.sort((a, b) => a - b).map(bucket => this.closeBatch(bucket));
  }

  /** Closes the open batch of one bucket. */
  closeBatch(bucket: number): ClosedBatch {
    const batch = this.#batchOf(bucket);
    const { events, days, refused } = batch;
    const closed = { bucket, days, lineCount: linesIn(batch), payload: packBatch(events, refused) };
    this.lineCount -= closed.lineCount;
    this.fullBucket = null;
    events.clear();
    refused.length = 0;
    batch.days = null;
    return closed;
  }

  /** Makes room for the next block. All batches are closed if the part was full. */
  clearBlock(): void {
    this.block.clear();
    if (!this.#remembersMuch) return;
    this.#dictionaries.clear();
    this.#bucketOfApp = new Int32Array(0);
    this.#appOfAdUnit = new Int32Array(0);
  }

  get #remembersMuch(): boolean {
    const { apps, adUnits, campaigns, userAgents } = this.#dictionaries;
    return (
      Math.max(apps.size, adUnits.size, campaigns.size, userAgents.size) > REMEMBERED_VALUES ||
      userAgents.byteLength > MOST_USER_AGENT_BYTES
    );
  }

  #batchOf(bucket: number): OpenBatch {
    let batch = this.#batches.get(bucket);
    if (batch === undefined) {
      batch = { events: new EventColumns(this.#dictionaries), days: null, refused: [] };
      this.#batches.set(bucket, batch);
    }
    return batch;
  }

  #countLine(bucket: number, batch: OpenBatch): void {
    this.lineCount += 1;
    if (linesIn(batch) >= this.#batchEvents) this.fullBucket = bucket;
  }
}

function linesIn({ events, refused }: OpenBatch): number {
  return events.count + refused.length;
}

function textsOf(dictionary: ByteDictionary, codes: Iterable<number>): string[] {
  return Array.from(codes, code => dictionary.textOf(code));
}
