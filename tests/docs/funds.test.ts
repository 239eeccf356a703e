import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { showFund } from '../../src/funds/list-funds.ts';
import { explainAppDay } from '../../src/statements/explain.ts';
import { renderExplanation } from '../../src/statements/render-explanation.ts';
import { renderFund } from '../../src/statements/render-funds.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { grouped } from '../../src/statements/text-table.ts';
import { Deciding, PERSONS } from '../support/deciding.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const page = readFileSync(new URL('../../docs/funds.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```(json)?\n(.*?)^```$/gms)].map(([, , text = '']) => text.trimEnd());
const [file = '', table = '', shown = '', section = '', explained = ''] = examples;

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-10T12:00:00+08:00' });
});
afterAll(async () => await system.drop());

test('the example of docs/funds.md comes out as the page tells it', async () => {
  const deciding = new Deciding(system);
  await system.importCatalog({
    developers: [{ id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' }],
    apps: ['app_7_1', 'app_7_2'].map(id => ({ id, developer_id: 'dev_7', name: `Game ${id}`, category: 'tools' })),
    ad_units: ['app_7_1', 'app_7_2'].map(id => ({ id: `${id}_b`, app_id: id, format: 'banner' })),
  });
  await system.importPlans({
    ...{ id: 'wechat', scope: { default: true }, currency: 'CNY', effective_from: '2018-03-28', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ up_to: '100000.00', share: '0.50' }, { share: '0.30' }] },
  });
  await deciding.importPersons(PERSONS);
  const decision = JSON.parse(file);
  await deciding.propose(decision);
  await deciding.approve(decision.id);

  system.now = new Date('2018-04-16T02:00:00+08:00');
  const click = (app_id: string, price: string) =>
    JSON.stringify({
      ...{ id: `click of ${app_id}`, type: 'click', occurred_at: '2018-04-15T10:00:00+08:00' },
      ...{ app_id, ad_unit_id: `${app_id}_b`, currency: 'CNY', price },
    });
  await system.take([click('app_7_1', '150000'), click('app_7_2', '50000')]);
  await system.settle('2018-04-15');
  const parameters = { fund: 'growth-2018', currency: 'CNY', amount: '5000.00' };
  await deciding.propose({ ...decision, id: 'more', kind: 'fund_top_up', parameters });
  await deciding.approve('more');
  await system.grantPending();

  const rows = (await system.transfers()).filter(row => row.reason === 'award' || row.reason === 'incentive');
  const told = rows.map(({ developerId, appId, businessDay, debit, credit, amountNanos, currency, version }) =>
    [developerId, appId, businessDay, debit, credit, grouped(`${amountNanos / 10n ** 9n}.00`), currency, version].join(
      ' ',
    ),
  );
  const words = (line: string) => line.trim().replaceAll(/ +/g, ' ');
  expect(told.sort()).toEqual(table.split('\n').map(words).sort());

  const of = { bucketCount: system.bucketCount, calendar: system.calendar };
  const day = parseBusinessDay('2018-04-15');
  const { fund, statement, explanation } = await system.db.snapshot(async tx => ({
    fund: renderFund(await showFund(tx, 'growth-2018')),
    statement: renderStatement(
      await statementOf(tx, { ...of, developerId: 'dev_7', period: parsePeriod('2018-04-H1') }),
    ),
    explanation: renderExplanation(await explainAppDay(tx, { ...of, appId: 'app_7_1', day })),
  }));
  if (process.env.SHOW_EXAMPLE !== undefined) process.stderr.write([fund, statement, explanation].join('\n\n'));
  expect(fund).toBe(shown);
  expect(statement).toContain(section);
  expect(explanation).toContain(explained);
  expect((await system.verify()).differences).toEqual([]);
});
