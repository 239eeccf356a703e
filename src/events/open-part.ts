import { isCatalogWithin, type OwnedIds, ownedAdUnits, ownedApps } from '../catalog/known-ids.ts';
import type { Queryable } from '../db/database.ts';
import type { AdEvent } from '../domain/ad-event.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type DayRange, packBatch, withDay } from './batch.ts';
import type { RefusedLine } from './batch-columns.ts';
import { type ByteDictionary, viewOf } from './byte-dictionary.ts';
import { EventColumns, EventDictionaries, withPlaces } from './event-columns.ts';
import { type AcceptanceWindow, judgeEvent } from './judge-line.ts';
import { NEWLINE } from './line-reader.ts';

/** After so many lines some buckets have their turn: their open batches are handed in, so that workers always have something to do. */
const TURN_LINES = 65_536;
/** In so many turns each bucket has its own at least once. The more lines a batch holds, the less each of them costs. */
const TURNS = 16;
/** More buckets have their turn at first, when batches are small: about as much as one core does while the next lines are read. */
const LEAST_TURN_LINES = 24_576;
/** Values of each kind that are remembered from one part to the next. */
const REMEMBERED_VALUES = 400_000;
const TAB = 0x09;
const MOST_USER_AGENT_BYTES = 1 << 25;
/** Once so many ids have been asked for, a catalog of no more than that is told whole: to look an id up costs as much as reading ten. */
const MANY_ASKED = 8_192;
const MOST_TOLD = 300_000;

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
  /** Lines counted since the last turn. */
  #linesSinceTurn = 0;
  /** The first bucket of the next turn. */
  #nextBucket = 0;
  readonly #dictionaries = new EventDictionaries();
  readonly #bucketCount: number;
  readonly #batchEvents: number;
  readonly #window: AcceptanceWindow;
  /** By app; -1 as long as the catalog has not told whose it is. */
  #bucketOfApp = new Int32Array(0);
  /** By ad unit; -1 as long as the catalog has not told. */
  #appOfAdUnit = new Int32Array(0);
  /** By developer; -1 as long as it was not asked for. */
  #bucketOfDeveloper = new Int32Array(0);
  #idsAsked = 0;
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

  /** Some buckets' batches should be closed before more is read. */
  get isTurn(): boolean {
    return this.#linesSinceTurn >= TURN_LINES;
  }

  /** All batches should be closed before more is read. */
  get mustClose(): boolean {
    const { apps, adUnits, campaigns, userAgents } = this.#dictionaries;
    return (
      Math.max(apps.size, adUnits.size, campaigns.size, userAgents.size) > REMEMBERED_VALUES ||
      userAgents.byteLength > MOST_USER_AGENT_BYTES
    );
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
    const asked = this.#idsAsked;
    this.#idsAsked += askedApps.size + askedAdUnits.size;
    const isTime = asked < MANY_ASKED && this.#idsAsked >= MANY_ASKED;
    const isWhole = isTime && (await isCatalogWithin(q, MOST_TOLD));
    this.#takeApps(await ownedApps(q, isWhole ? 'all' : textsOf(apps, askedApps)));
    this.#takeAdUnits(await ownedAdUnits(q, isWhole ? 'all' : textsOf(adUnits, askedAdUnits)));
  }

  #takeApps(owned: OwnedIds): void {
    const { apps, developers } = this.#dictionaries;
    forEachOwned(owned, (bytes, start, middle, end) => {
      const app = apps.codeOf(bytes, start, middle);
      const developer = developers.codeOf(bytes, middle + 1, end);
      this.#dictionaries.setDeveloper(app, developer);
      this.#bucketOfApp = withPlaces(this.#bucketOfApp, apps.size);
      this.#bucketOfApp[app] = this.#bucketOf(developer);
    });
  }

  #takeAdUnits(owned: OwnedIds): void {
    const { apps, adUnits } = this.#dictionaries;
    forEachOwned(owned, (bytes, start, middle, end) => {
      const adUnit = adUnits.codeOf(bytes, start, middle);
      this.#appOfAdUnit = withPlaces(this.#appOfAdUnit, adUnits.size);
      this.#appOfAdUnit[adUnit] = apps.codeOf(bytes, middle + 1, end);
    });
    this.#bucketOfApp = withPlaces(this.#bucketOfApp, apps.size);
  }

  #bucketOf(developer: number): number {
    const { developers } = this.#dictionaries;
    this.#bucketOfDeveloper = withPlaces(this.#bucketOfDeveloper, developers.size);
    const known = this.#bucketOfDeveloper[developer] as number;
    if (known >= 0) return known;
    const bucket = bucketOf(developers.textOf(developer), this.#bucketCount);
    this.#bucketOfDeveloper[developer] = bucket;
    return bucket;
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

  /** Closes the open batches of the buckets whose turn is next, in their order; none if no line is open. */
  closeTurn(): ClosedBatch[] {
    this.#linesSinceTurn = 0;
    const closed: ClosedBatch[] = [];
    const buckets = Math.ceil(this.#bucketCount / TURNS);
    for (let lines = 0; this.lineCount > 0 && (closed.length < buckets || lines < LEAST_TURN_LINES); ) {
      const batch = this.#closeNext();
      closed.push(batch);
      lines += batch.lineCount;
    }
    return closed;
  }

  /** There is one. */
  #closeNext(): ClosedBatch {
    for (;;) {
      const bucket = this.#nextBucket;
      this.#nextBucket = (bucket + 1) % this.#bucketCount;
      const batch = this.#batches.get(bucket);
      if (batch !== undefined && linesIn(batch) > 0) return this.closeBatch(bucket);
    }
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

  /** Makes room for the next block. All batches are closed if they had to be. */
  clearBlock(): void {
    this.block.clear();
    if (!this.mustClose) return;
    this.#dictionaries.clear();
    this.#bucketOfApp = new Int32Array(0);
    this.#appOfAdUnit = new Int32Array(0);
    this.#bucketOfDeveloper = new Int32Array(0);
    this.#idsAsked = 0;
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
    this.#linesSinceTurn += 1;
    if (linesIn(batch) >= this.#batchEvents) this.fullBucket = bucket;
  }
}

function linesIn({ events, refused }: OpenBatch): number {
  return events.count + refused.length;
}

function textsOf(dictionary: ByteDictionary, codes: Iterable<number>): string[] {
  return Array.from(codes, code => dictionary.textOf(code));
}

function forEachOwned(
  owned: OwnedIds,
  take: (bytes: DataView, start: number, middle: number, end: number) => void,
): void {
  const text = Buffer.from(owned, 'latin1');
  const bytes = viewOf(text);
  for (let start = 0; start < text.length; ) {
    const middle = text.indexOf(TAB, start);
    const lineEnd = text.indexOf(NEWLINE, middle);
    const end = lineEnd < 0 ? text.length : lineEnd;
    take(bytes, start, middle, end);
    start = end + 1;
  }
}
