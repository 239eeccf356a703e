import { Readable } from 'node:stream';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyOutBinary, listOfUuids } from '../../src/db/copy.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

async function rowsOf(client: pg.ClientBase, query: string): Promise<Buffer[][]> {
  const rows: Buffer[][] = [];
  for await (const row of copyOutBinary(client, query)) rows.push(row);
  return rows;
}

describe('what Postgres copies out in its binary format', () => {
  const SIGNATURE = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
  const TRAILER = Buffer.from([0xff, 0xff]);
  const bytes = fc.uint8Array({ maxLength: 40 }).map(each => Buffer.from(each));
  const rows = fc
    .integer({ min: 1, max: 3 })
    .chain(fields => fc.array(fc.array(bytes, { minLength: fields, maxLength: fields }), { maxLength: 6 }));

  function copied(all: readonly (readonly Buffer[])[]): Buffer {
    const written = all.flatMap(row => [int16(row.length), ...row.flatMap(field => [int32(field.length), field])]);
    return Buffer.concat([SIGNATURE, ...written, TRAILER]);
  }

  /** A connection over which these bytes come, cut at the places. */
  function sending(stream: Buffer, cuts: readonly number[]): pg.ClientBase {
    const places = [0, ...cuts.map(cut => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
    const chunks = places.slice(1).map((end, index) => stream.subarray(places[index], end));
    return { query: () => Readable.from(chunks, { objectMode: true }) } as unknown as pg.ClientBase;
  }

  test('is read field by field, wherever its chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.array(fc.nat(), { maxLength: 20 }), async (all, cuts) => {
        expect(await rowsOf(sending(copied(all), cuts), '')).toEqual(all);
      }),
    );
  });

  test('is refused where it ends too early, goes on or holds a null', async () => {
    const stream = copied([[Buffer.from('abc'), Buffer.alloc(0)]]);
    for (let length = 0; length < stream.length; length += 1) {
      await expect(rowsOf(sending(stream.subarray(0, length), []), '')).rejects.toThrow('COPY ended within a row');
    }
    const longer = Buffer.concat([stream, Buffer.from([0])]);
    await expect(rowsOf(sending(longer, []), '')).rejects.toThrow('behind its end');
    const nothing = Buffer.concat([SIGNATURE, int16(1), int32(-1), TRAILER]);
    await expect(rowsOf(sending(nothing, []), '')).rejects.toThrow('field 1 is null');
  });

  function int16(value: number): Buffer {
    const field = Buffer.alloc(2);
    field.writeInt16BE(value);
    return field;
  }

  function int32(value: number): Buffer {
    const field = Buffer.alloc(4);
    field.writeInt32BE(value);
    return field;
  }
});

describe('a connection', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => await database.drop());

  test('gives large and empty fields as they are, and goes on afterwards', async () => {
    await database.db.transaction(async tx => {
      const wanted = [0, 1, 65_536, 1_000_003].map(size => [Buffer.alloc(size, size % 251), Buffer.from([size % 256])]);
      const values = wanted.map(row => `(${row.map(field => `'\\x${field.toString('hex')}'::bytea`).join(', ')})`);
      expect(await rowsOf(tx, `values ${values.join(', ')}`)).toEqual(wanted);
      expect(await rowsOf(tx, `select ''::bytea where false`)).toEqual([]);
      expect((await tx.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    });
  });
});

test('a list of ids within a query holds nothing but ids', () => {
  const id = '0198c5a0-0000-7000-8000-000000000000';
  expect(listOfUuids([id, id])).toBe(`'${id}', '${id}'`);
  expect(() => listOfUuids([id, `${id}') or (true`])).toThrow('is no UUID');
});
