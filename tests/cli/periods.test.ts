import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PeriodRow } from '../../src/closing/list-periods.ts';
import { CliFolder } from '../support/cli.ts';
import { adjustment, CATALOG, PERSONS } from '../support/deciding.ts';

const folder = new CliFolder({ APPORTION_CLOCK: '2018-05-02T05:00:00+08:00' });

const run = async (...args: readonly string[]) => {
  const result = await folder.run(args);
  expect(result.exitCode, `${args.join(' ')}: ${result.stderr}`).toBe(0);
  return result.stdout;
};

const click = (id: string, day: string, currency = 'CNY') => ({
  ...{ id, type: 'click', occurred_at: `${day}T12:00:00+08:00`, currency, price: '10' },
  ...{ app_id: 'app_7_1', ad_unit_id: 'unit_7_1' },
});

const planIn = (currency: string) => ({
  ...{ id: `half-${currency}`, scope: { default: true }, currency, effective_from: '2018-01-01', effective_to: null },
  ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] },
});

const decide = async (id: string, kind: string, parameters: object) => {
  const file = folder.write(`${id}.json`, JSON.stringify(adjustment({ id, kind, parameters })));
  const proposed = await run('decisions', 'propose', file, '--actor', 'li.wei');
  await run('decisions', 'approve', id, '--actor', 'wang.fang');
  return proposed;
};

beforeAll(async () => {
  folder.write('catalog.json', JSON.stringify(CATALOG));
  folder.write('persons.json', JSON.stringify({ persons: PERSONS }));
  folder.write('plans.json', JSON.stringify({ plans: [planIn('CNY')] }));
  folder.writeEvents('events.ndjson', [
    click('e1', '2018-04-11'),
    click('e2', '2018-04-20'),
    click('e3', '2018-04-21', 'USD'),
  ]);
  await run('catalog', 'import', 'catalog.json');
  await run('plans', 'import', 'plans.json');
  await run('persons', 'import', 'persons.json');
});
afterAll(async () => await folder.close());

test('the standing order settles and closes what is due, and says why the next one stays open', async () => {
  expect(await run('periods', 'list')).toBe('nothing has been earned or posted yet\n');
  expect(await run('periods', 'close', '--due')).toBe('no period is due to be closed\n');
  await decide('order', 'closing_schedule', { after_days: 0 });
  await run('ingest', 'events.ndjson');
  expect(await run('periods', 'list')).toBe(
    [
      'Period      State  Closes on   Closed  Transfers  Books  Seal',
      '2018-05-H1  open   2018-05-16',
      '2018-04-H2  over   2018-05-01',
      '2018-04-H1  over   2018-04-16',
      '',
      "2018-04-H1 can't be closed yet:",
      '  2018-04-11 (1 developer) is not settled',
      '  → run: npx apportion settle --due\n',
    ].join('\n'),
  );
  const closed = await folder.run(['periods', 'close', '--due']);
  expect(closed).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(
      /^2018-04-H1 is closed: 2 transfers in 1 books, seal [0-9a-f]{64}\n2018-04-H2 stays open: 2018-04-H2 can't be closed yet: 2018-04-21 \(1 developer\) is due for apps that no plan covers; import a plan/,
    ),
  });
  await decide('dollars', 'plan', { plans: [planIn('USD')] });
  const { data } = await folder.json<{ items: PeriodRow[]; refused: null }>(['periods', 'close', '--due']);
  expect(data).toMatchObject({ items: [{ period: '2018-04-H2', transfers: 4, books: 2, blocks: [] }], refused: null });
  const listed = await folder.json<{ items: PeriodRow[] }>(['periods', 'list']);
  expect(listed.data.items.map(({ period, state, seal_no: sealNo }) => [period, state, sealNo])).toEqual([
    ['2018-05-H1', 'open', null],
    ['2018-04-H2', 'closed', 2],
    ['2018-04-H1', 'closed', 1],
  ]);
  expect(listed.data.items[1]?.previous_seal).toBe(listed.data.items[2]?.seal);
  expect(await run('periods', 'list', '--csv', '--limit', '1')).toMatch(
    /^period,state,last_day,.*\n2018-05-H1,open,2018-05-15,/,
  );
  expect((await folder.json(['verify'])).data).toMatchObject({ differences: 0 });
});
