import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type AdEvent, isBadForm, parseAdEvent } from '../src/domain/ad-event.ts';
import type { Piece } from './event-pieces.ts';
import { type EventTable, readyTable } from './event-tables.ts';

// The limit: COPY of the same raw events, all fields, over one connection into a plain table with a primary key on the event's id.
// What could not be copied is left out beforehand, and the rows are written in COPY's own format beforehand: none of that is timed.

export interface CopyFile {
  readonly file: string;
  /** Distinct events that can be typed. */
  readonly rows: number;
}

export class LimitReference {
  readonly #client: pg.Client;
  #idsOfPieceBefore = new Set<string>();

  /** The client's database has the event tables. */
  constructor(client: pg.Client) {
    this.#client = client;
  }

  /** Pieces are to come in the order of the log: a repeat follows soon after its event. */
  async prepare(piece: Piece): Promise<CopyFile> {
    const file = `${piece.file}.copy`;
    const before = this.#idsOfPieceBefore;
    const ids = new Set<string>();
    const lines = createInterface({ input: createReadStream(piece.file), crlfDelay: Number.POSITIVE_INFINITY });
    const rows = async function* () {
      for await (const line of lines) {
        const event = parseAdEvent(line);
        if (isBadForm(event) || ids.has(event.id) || before.has(event.id)) continue;
        ids.add(event.id);
        yield rowOf(event);
      }
    };
    await pipeline(Readable.from(rows()), createWriteStream(file));
    this.#idsOfPieceBefore = ids;
    return { file, rows: ids.size };
  }

  /** Seconds for a COPY into one of the tables. */
  async run({ file, rows }: CopyFile, table: EventTable): Promise<number> {
    await readyTable(this.#client, table);
    const startedAt = performance.now();
    const stream = this.#client.query(copyFrom(`copy ${table} from stdin`));
    await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), stream);
    const seconds = (performance.now() - startedAt) / 1000;
    if (stream.rowCount !== rows) throw new Error(`copied ${stream.rowCount} of ${rows} rows into ${table}`);
    return seconds;
  }

  async remove({ file }: CopyFile): Promise<void> {
    await rm(file, { force: true });
  }
}

function rowOf(event: AdEvent): string {
  const fields = [
    ...[event.id, event.type, new Date(event.occurredAtMs).toISOString(), event.appId, event.adUnitId, event.currency],
    ...[event.price, event.campaignId, event.impressionId, event.deviceId, event.userAgent, event.ip],
  ];
  return `${fields.map(field => (field === null ? '\\N' : escaped(field))).join('\t')}\n`;
}

function escaped(text: string): string {
  return text.replace(/[\\\t\n\r]/g, character => `\\${ESCAPES[character]}`);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '\t': 't', '\n': 'n', '\r': 'r' };
