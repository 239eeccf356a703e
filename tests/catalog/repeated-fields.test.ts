import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseLists } from '../../src/catalog/file-entries.ts';
import { repeatedField } from '../../src/catalog/repeated-fields.ts';
import { parsePlans } from '../../src/plans/plan-file.ts';
import { refusalOf } from '../support/refusals.ts';

it('refuses a plan that states a share twice, for a person may read the first and JSON keeps the last', () => {
  const text = '{"plans": [{"id": "p", "tiers": [{"up_to": "1", "share": "0.5"}, {"share": "0.3", "share": "0.9"}]}]}';
  const refusal = refusalOf(() => parsePlans(text, 'plans.json'));
  expect(refusal.message).toBe('plans.json: "plans[0].tiers[1].share" stands twice in one object; keep one of them');
  expect(refusal.code).toBe('bad_plans');
});

it('refuses a list that stands twice, also in escaped letters', () => {
  const read = (text: string) => parseLists(text, { source: 'c.json', code: 'bad', lists: ['apps'] });
  expect(refusalOf(() => read('{"apps": [], "apps": []}')).message).toContain('"apps" stands twice in one object');
  expect(refusalOf(() => read('{"apps": [], "\\u0061pps": []}')).message).toContain('"apps" stands twice');
});

it('tells apart fields of different objects, values that look like fields, and quotes and backslashes in strings', () => {
  expect(repeatedField('{"a": {"a": [{"a": "a"}, {"a": 1}]}, "b": ["a", "a", "b"], "c": "\\"c\\": \\\\"}')).toBeNull();
  expect(repeatedField('{"x": ["\\\\", {"k\\"": 1, "k\\"": 2}]}')).toBe('x[1].k"');
});

it('finds nothing in whatever JSON.stringify writes, and the field that is written a second time', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, maxKeys: 5 }), fc.nat(), (object, pick) => {
      const text = JSON.stringify(object);
      expect(repeatedField(text)).toBeNull();
      const keys = Object.keys(object);
      const key = keys[pick % keys.length] ?? '';
      expect(repeatedField(`${text.slice(0, -1)},${JSON.stringify(key)}:0}`)).toBe(key);
    }),
  );
});

it('survives nesting however deep', () => {
  expect(repeatedField(`${'{"a":['.repeat(100_000)}${']}'.repeat(100_000)}`)).toBeNull();
});
