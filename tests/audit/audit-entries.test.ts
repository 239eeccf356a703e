import { fc, test as propTest } from '@fast-check/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundedJson, MAX_PARAMETERS_BYTES } from '../../src/audit/audit-entry.ts';
import { onRecord } from '../../src/audit/audited.ts';
import { listAudit } from '../../src/audit/list-audit.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runs } from '../support/runs.ts';

let database: TestDatabase;
let now = new Date('2018-04-16T00:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => await database.drop());

describe('parameters', () => {
  propTest.prop([fc.dictionary(fc.string(), fc.jsonValue())], { numRuns: runs(300) })(
    'take at most 4 KiB, and the database takes them',
    async parameters => {
      const json = boundedJson(parameters);
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(MAX_PARAMETERS_BYTES);
      await database.db.query('select $1::json', [json]);
    },
  );

  test('long ones are cut and say so', () => {
    expect(JSON.parse(boundedJson({ note: 'x'.repeat(1_000) })).note).toMatch(/^x{200}… \(1000 characters\)$/);
    const files = Array.from({ length: 500 }, (_, index) => `file-${index}`);
    expect(JSON.parse(boundedJson({ files })).files.at(-1)).toBe('… (500 in all)');
    const many = Object.fromEntries(files.map(name => [name, 'x'.repeat(100)]));
    expect(JSON.parse(boundedJson(many))).toEqual({ cut: expect.stringMatching(/^\d+ bytes$/) });
  });

  test('hold no secrets', () => {
    const json = boundedJson({
      arguments: ['https://user:hunter2@host/file', 'plans.json'],
      options: { apiToken: 'hunter2', password: 'hunter2', nested: { secret_key: ['hunter2'] }, actor: 'li.wei' },
    });
    expect(json).not.toContain('hunter2');
    expect(JSON.parse(json)).toMatchObject({
      arguments: ['https://***@host/file', 'plans.json'],
      options: { actor: 'li.wei' },
    });
  });
});

describe('a deed on record', () => {
  const deed = (command: string, actor: string | null = 'li.wei') => ({
    actor,
    command,
    parameters: {},
    program: 'a test',
  });
  const deps = () => ({ db: database.db, now: () => now });
  const rows = async (filters = {}) =>
    (await listAudit(database.db, filters)).items.map(({ command, result, refusal_code }) => [
      command,
      result,
      refusal_code,
    ]);

  test('ends as it does, and what it throws is thrown on', async () => {
    expect(await onRecord(deps(), deed('plans import'), async () => 7)).toBe(7);
    const refusal = new Refusal({ code: 'bad_plans', message: 'no' });
    await expect(onRecord(deps(), deed('plans import'), () => Promise.reject(refusal))).rejects.toBe(refusal);
    const missing = new Refusal({ code: 'database_unavailable', message: 'no', exitCode: 3 });
    await expect(onRecord(deps(), deed('plans accept'), () => Promise.reject(missing))).rejects.toBe(missing);
    const fault = new Error('a fault');
    await expect(onRecord(deps(), deed('planes', null), () => Promise.reject(fault))).rejects.toBe(fault);
    expect(await rows()).toEqual([
      ['planes', 'failed', 'internal_error'],
      ['plans accept', 'failed', 'database_unavailable'],
      ['plans import', 'refused', 'bad_plans'],
      ['plans import', 'done', null],
    ]);
  });

  test('is found by actor, command and time', async () => {
    now = new Date('2018-04-17T00:00:00Z');
    await onRecord(deps(), deed('settle', 'Wang.Fang'), async () => {});
    expect(await rows({ actor: 'WANG.FANG' })).toEqual([['settle', 'done', null]]);
    expect((await rows({ command: 'plans' })).map(([command]) => command)).toEqual([
      'plans accept',
      'plans import',
      'plans import',
    ]);
    expect(await rows({ command: 'plans accept' })).toHaveLength(1);
    expect(await rows({ from: now })).toHaveLength(1);
    expect(await rows({ to: now })).toHaveLength(4);
  });

  test('keeps its place among those begun in the same millisecond', async () => {
    now = new Date('2018-04-18T00:00:00Z');
    const commands = Array.from({ length: 20 }, (_, index) => `deed ${index}`);
    await Promise.all(commands.map(command => onRecord(deps(), deed(command), async () => {})));
    expect((await rows({ from: now })).map(([command]) => command)).toEqual(commands.toReversed());
  });

  test('that cannot be recorded is not done', async () => {
    let done = false;
    const broken = { db: { query: () => Promise.reject(new Error('no log')) }, now: () => now };
    const work = onRecord(broken, deed('settle'), async () => {
      done = true;
    });
    await expect(work).rejects.toThrow('no log');
    expect(done).toBe(false);
  });
});
