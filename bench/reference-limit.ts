import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type AdEvent, isBadForm, parseAdEvent } from '../src/domain/ad-event.ts';
import type { Piece } from './event-pieces.ts';

// The limit: COPY of the same raw events, all fields, over one connection into a plain table with a primary key on the event's id.
// What could not be copied is left out beforehand, and the rows are written in COPY's own format beforehand: none of that is timed.

const TABLE = `
  id text primary key,
  type text not null,
  occurred_at timestamptz not null,
  app_id text not null,
  ad_unit_id text not null,
  currency text not null,
  price numeric(13, 6),
  campaign_id text,
  impression_id text,
  device_id text,
  user_agent text,
  ip inet`;

export interface CopyFile {
  readonly file: string;
  /** Distinct events that can be typed. */
  readonly rows: number;
}

export class LimitReference {
  readonly #client: pg.Client;
  #idsOfPieceBefore = new Set<string>();

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(client: pg.Client): Promise<LimitReference> {
    for (const table of ['limit_empty', 'limit_filled']) {
      // Vacuuming one contender's table must not fall into another's run.
      await client.query(`create table ${table} (${TABLE}) with (autovacuum_enabled = false)`);
    }
    return new LimitReference(client);
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

  /** Seconds for a COPY into the table without rows. */
  async intoEmpty(copy: CopyFile): Promise<number> {
    await this.#client.query('truncate limit_empty');
    await this.#client.query('checkpoint');
    return await this.#copy('limit_empty', copy);
  }

  /** Seconds for a COPY into the table that keeps all it was ever given. */
  async intoFilled(copy: CopyFile): Promise<number> {
    await this.#client.query('checkpoint');
    return await this.#copy('limit_filled', copy);
  }

  async #copy(table: string, { file, rows }: CopyFile): Promise<number> {
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
