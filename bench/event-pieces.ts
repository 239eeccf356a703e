import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseBusinessDay } from '../src/domain/business-day.ts';
import { type SampleDay, sampleDay } from '../src/events/sample-day.ts';
import { writeSampleDay } from '../src/events/write-sample-day.ts';
import { SAMPLE_DAY } from './run-as-user.ts';

const CHUNK_CHARACTERS = 1 << 18;

export interface Piece {
  readonly file: string;
  readonly lines: number;
  readonly bytes: number;
}

/** The log of one sample day, written piece by piece, so that no two pieces share an event but for the sample's few repeats. */
export class EventPieces {
  readonly catalogFile: string;
  readonly plansFile: string;
  readonly #folder: string;
  readonly #lines: ReturnType<SampleDay['lines']>;
  #pieces = 0;

  private constructor(
    day: SampleDay,
    place: { readonly folder: string; readonly catalog: string; readonly plans: string },
  ) {
    this.catalogFile = place.catalog;
    this.plansFile = place.plans;
    this.#folder = place.folder;
    this.#lines = day.lines();
  }

  static async open(options: {
    readonly folder: string;
    readonly apps: number;
    /** Of all pieces together. */
    readonly lines: number;
  }): Promise<EventPieces> {
    const { folder, apps, lines } = options;
    const sample = { apps, day: parseBusinessDay(SAMPLE_DAY), timeZone: 'Asia/Shanghai', seed: 'bench' };
    const { files } = await writeSampleDay({ ...sample, events: 1, outDir: folder });
    const day = sampleDay({ ...sample, events: lines });
    // The plan's tiers follow the number of events, which is not that of the file above.
    await writeFile(files.plans, JSON.stringify(day.plans));
    return new EventPieces(day, { folder, catalog: files.catalog, plans: files.plans });
  }

  /** The next lines of the log in a file of their own. */
  async next(lines: number): Promise<Piece> {
    this.#pieces += 1;
    const file = path.join(this.#folder, `events-${this.#pieces}.ndjson`);
    let bytes = 0;
    const chunks = this.#chunks(lines);
    const counted = (function* () {
      for (const chunk of chunks) {
        bytes += Buffer.byteLength(chunk);
        yield chunk;
      }
    })();
    await pipeline(Readable.from(counted), createWriteStream(file));
    return { file, lines, bytes };
  }

  *#chunks(lines: number): Generator<string> {
    let chunk = '';
    for (let line = 0; line < lines; line += 1) {
      const next = this.#lines.next();
      if (next.done === true)
        throw new Error('the sample has no more lines; more were asked for than it was opened with');
      chunk += `${next.value}\n`;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      yield chunk;
      chunk = '';
    }
    if (chunk !== '') yield chunk;
  }
}
