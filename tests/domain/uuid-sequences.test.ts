import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import { uuidSequence } from '../../src/domain/uuid-sequence.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const timeOf = (uuid: string) => Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);

test('ids are in the order in which they were taken, and none comes from the future', () => {
  const next = uuidSequence(randomUUIDv7);
  const ids = Array.from({ length: 20_000 }, next);
  const takenAt = Date.now();
  expect(ids.every(id => UUID_V7.test(id))).toBe(true);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(timeOf(ids.at(-1) as string)).toBeLessThanOrEqual(takenAt);
});

test.each([
  ['01a20370-cee7-7a68-84c8-92963bb7886e', '01a20370-cee7-7a68-84c8-92963bb7886f'],
  ['01a20370-cee7-7a68-84ff-ffffffffffff', '01a20370-cee7-7a68-8500-000000000000'],
  ['01a20370-cee7-7a68-bfff-ffffffffffff', '01a20370-cee8-7000-8000-000000000000'],
])('after %s comes %s when the clock stands still or goes back', (first, second) => {
  const fresh = [first, '01a20370-cee0-7000-8000-000000000000'];
  const next = uuidSequence(() => fresh.shift() as string);
  expect([next(), next()]).toEqual([first, second]);
});
