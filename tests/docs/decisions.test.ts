import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KINDS } from '../../src/decisions/kinds.ts';
import { renderDecision } from '../../src/statements/render-decision.ts';
import { CATALOG, Deciding } from '../support/deciding.ts';
import { rejectionOf } from '../support/refusals.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

let deciding: Deciding;
let page: string;

beforeAll(async () => {
  page = await readFile(new URL('../../docs/decisions.md', import.meta.url), 'utf8');
  deciding = new Deciding(await SettlementSystem.open({ bucketCount: 4, now: '2018-04-17T09:00:00+08:00' }));
  await deciding.system.importCatalog(CATALOG);
});
afterAll(async () => await deciding.system.drop());

const examples = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);

test('the example of docs/decisions.md comes out as the page tells it', async () => {
  const [persons = '', proposal = ''] = examples('json');
  const [csv = ''] = examples('csv');
  expect(await deciding.importPersons(JSON.parse(persons).persons)).toMatchObject({ added: 3 });
  const decision = JSON.parse(proposal);
  await deciding.propose(decision, 'li.wei', { 'april-c42.csv': csv, 'mail.eml': 'Dear all,\n' });
  const [printed = ''] = /^Book .*\n(?:.+\n){2}/m.exec(page) ?? [];
  expect(renderDecision(await deciding.show(decision.id))).toContain(printed.trimEnd());

  expect(await rejectionOf(deciding.approve(decision.id, 'LI.WEI'))).toMatchObject({ exitCode: 1 });
  await deciding.approve(decision.id);
  expect(renderDecision(await deciding.show(decision.id))).toContain(printed.trimEnd());
  expect(page).toContain('dev_7 is owed 100.50 CNY more');
  expect(await deciding.balance('dev_7', 'payable')).toBe(100_500_000_000n);
});

test('the page tells of every kind', () => {
  const table = page.split('| kind | parameters | does |\n')[1]?.split('\n\n')[0] ?? '';
  const told = [...table.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name);
  expect(told).toEqual(KINDS.map(kind => kind.name));
});
