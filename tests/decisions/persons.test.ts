import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listPersons } from '../../src/decisions/list-persons.ts';
import { parsePersons } from '../../src/decisions/person-file.ts';
import { personAt } from '../../src/decisions/stored-persons.ts';
import { Deciding, PERSONS } from '../support/deciding.ts';
import { refusalOf, rejectionOf } from '../support/refusals.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

let deciding: Deciding;

beforeAll(async () => {
  deciding = await Deciding.open();
});
afterAll(async () => await deciding.system.drop());

const person = (changes: Record<string, unknown> = {}) => ({ id: 'p', name: 'P', roles: ['finance'], ...changes });

test('importing the same file again changes nothing', async () => {
  expect(await deciding.importPersons(PERSONS)).toEqual({ added: 0, changed: 0, unchanged: PERSONS.length });
});

test('a change is a new version that holds from its day on, and the old one stays', async () => {
  await deciding.recordPersons([person({ id: 'mover' })]);
  const later = '2018-07-01T00:00:00+08:00';
  expect(await deciding.recordPersons([person({ id: 'mover', roles: ['approver'], valid_from: later })])).toMatchObject(
    {
      added: [],
      changed: [{ version: 2 }],
    },
  );
  const rolesAt = async (at: string) =>
    (await personAt(deciding.system.db, { personId: 'mover', at: new Date(at) }))?.roles;
  expect(await rolesAt('2018-06-30T23:59:59+08:00')).toEqual(['finance']);
  expect(await rolesAt(later)).toEqual(['approver']);
  expect(await rolesAt('2018-05-01T00:00:00+08:00')).toBeUndefined();
});

test('two ids that differ only in case are one person', async () => {
  await deciding.recordPersons([person({ id: 'Ma.Li' })]);
  expect(await deciding.recordPersons([person({ id: 'ma.li', name: 'Ma Li' })])).toMatchObject({
    added: [],
    changed: [{ personId: 'Ma.Li' }],
  });
  const found = await personAt(deciding.system.db, { personId: 'MA.LI', at: deciding.system.now });
  expect(found).toMatchObject({ personId: 'Ma.Li', name: 'Ma Li', version: 2 });
  const insert = `insert into persons (person_id, recorded_at) values ('mA.li', now())`;
  await expect(deciding.system.db.query(insert)).rejects.toMatchObject({ constraint: 'persons_case_key' });
});

test('a list is by id whatever its case, in pages, and tells who may not act', async () => {
  await deciding.recordPersons([person({ id: 'soon', valid_from: '2019-01-01T00:00:00Z' })]);
  const listed = async (page: { limit?: number; after?: string }) =>
    await deciding.system.db.snapshot(tx => listPersons(tx, { at: deciding.system.now, ...page }));
  const whole = (await listed({})).items;
  expect(whole.map(row => row.id.toLowerCase())).toEqual(whole.map(row => row.id.toLowerCase()).toSorted());
  expect(whole.find(row => row.id === 'gone')?.status).toBe('disabled');
  expect(whole.find(row => row.id === 'soon')?.status).toBe('not_yet');
  expect(whole.find(row => row.id === 'seven')).toMatchObject({ status: 'active', book: 'dev_7' });
  const first = await listed({ limit: 4 });
  const rest = await listed({ after: first.next ?? '' });
  expect([...first.items, ...rest.items]).toEqual(whole);
});

test('what is recorded stays, for its owner too', async () => {
  const owner = await deciding.system.owner();
  for (const table of [
    'persons',
    'person_versions',
    'decisions',
    'decision_outcomes',
    'audit_entries',
    'audit_results',
  ]) {
    for (const act of [`update ${table} set`, `delete from ${table}`, `truncate ${table} cascade`]) {
      const column = table === 'audit_results' || table === 'audit_entries' ? 'entry_id = entry_id' : 'reason = reason';
      const first = table.startsWith('person')
        ? 'recorded_at = now()'
        : table === 'decision_outcomes'
          ? 'note = null'
          : column;
      const statement = act.endsWith('set') ? `${act} ${first}` : act;
      await expect(deciding.system.db.query(statement), statement).rejects.toMatchObject({ code: '42501' });
      await expect(owner.query(statement), statement).rejects.toMatchObject({ message: /keeps what was recorded/ });
      await owner.query('set session_replication_role = replica');
      await expect(owner.query(statement), statement).rejects.toMatchObject({ message: /keeps what was recorded/ });
      await owner.query('set session_replication_role = origin');
    }
  }
});

describe('once two persons can decide', () => {
  const MALLORY = person({ id: 'mallory', name: 'Mallory', roles: ['finance', 'approver'] });
  const proposal = { kind: 'persons', reason: 'joins finance', evidence: [{ text: 'contract' }] };
  const known = async (personId: string) => await personAt(deciding.system.db, { personId, at: deciding.system.now });

  test('nobody makes a person, or gives one another role, alone', async () => {
    const promoted = PERSONS.map(each => (each.id === 'seven' ? { ...each, roles: ['approver', 'developer'] } : each));
    for (const [persons, counts] of [
      [[MALLORY], { added: 1, changed: 0 }],
      [promoted, { added: 0, changed: 1 }],
    ] as const) {
      const refused = await rejectionOf(deciding.importPersons(persons));
      expect(refused).toMatchObject({ code: 'needs_decision', details: counts });
      expect(refused.message).toContain('{"kind":"persons","parameters":{"file":"persons.json"}');
    }
    expect([await known('mallory'), (await known('seven'))?.version]).toEqual([null, 1]);
  });

  test('the decision tells what each may do, and takes another person', async () => {
    const text = JSON.stringify({ persons: [MALLORY] });
    const ready = { ...proposal, id: 'mallory-joins', parameters: { file: 'persons.json' } };
    await deciding.propose(ready, 'zhao.min', { 'persons.json': text });
    expect((await deciding.show('mallory-joins')).notes).toEqual(['new: mallory (Mallory): finance, approver']);
    expect(await rejectionOf(deciding.approve('mallory-joins', 'ZHAO.min'))).toMatchObject({ code: 'own_decision' });
    expect(await known('mallory')).toBeNull();
    await deciding.approve('mallory-joins');
    expect(await known('mallory')).toMatchObject({ roles: ['finance', 'approver'], version: 1 });
    expect((await deciding.show('mallory-joins')).notes).toEqual(['mallory (Mallory): finance, approver']);
    expect(await deciding.importPersons([MALLORY])).toEqual({ added: 0, changed: 0, unchanged: 1 });
  });
});

test('as long as nobody could approve what another proposes, one person adds those who can', async () => {
  const fresh = new Deciding(await SettlementSystem.open({ bucketCount: 4 }));
  try {
    await fresh.importPersons([person({ id: 'first', roles: ['finance', 'approver'] })]);
    await fresh.importPersons([person({ id: 'second', roles: ['operator'] })]);
    const third = [person({ id: 'third', roles: ['approver'] })];
    expect(await rejectionOf(fresh.importPersons(third))).toMatchObject({ code: 'needs_decision' });
  } finally {
    await fresh.system.drop();
  }
});

describe('a bad file is refused', () => {
  test.each<[string, object, string]>([
    ['an id that is taken by the program', person({ id: 'System:nightly' }), 'persons[0].id'],
    ['an id with spaces around it', person({ id: 'li.wei ' }), 'persons[0].id'],
    ['an unknown role', person({ roles: ['boss'] }), 'persons[0].roles[0]'],
    ['a book of somebody who has none', person({ book: 'dev_7' }), 'persons[0].book'],
    ['an instant without its offset', person({ valid_from: '2018-04-01T00:00:00' }), 'persons[0].valid_from'],
    ['an unknown field', person({ password: 'x' }), 'persons[0].password'],
  ])('%s', (_what, entry, place) => {
    const refusal = refusalOf(() => parsePersons(JSON.stringify({ persons: [entry] }), 'persons.json'));
    expect(refusal).toMatchObject({ code: 'bad_persons' });
    expect(refusal.message).toContain(`persons.json: ${place} is`);
  });

  test('the same person twice', () => {
    const text = JSON.stringify({ persons: [person(), person({ id: 'P' })] });
    expect(refusalOf(() => parsePersons(text, 'persons.json')).message).toContain('persons[1].id is "P"');
  });

  test('a book that nobody has', async () => {
    const entry = person({ id: 'new', roles: ['developer'], book: 'dev_9' });
    expect(await rejectionOf(deciding.importPersons([entry]))).toMatchObject({ code: 'bad_persons' });
    expect(await personAt(deciding.system.db, { personId: 'new', at: deciding.system.now })).toBeNull();
  });
});
