import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliFolder, onlyComplaint } from '../support/cli.ts';
import { catalogText, planEntry, plansText } from '../support/reference-files.ts';

const OWN = planEntry({ id: 'own', scope: { developer: 'dev_7' }, tiers: [{ share: '0.40' }], basis: 'app_month' });

const cli = new CliFolder();
const at = (instant: string) => ({ env: { APPORTION_CLOCK: instant } });
const FIRST = at('2018-04-15T09:00:00+08:00');
const LATER = at('2018-05-02T09:00:00+08:00');

beforeAll(async () => {
  const files = {
    catalog: cli.write('catalog.json', catalogText()),
    plans: cli.write('plans.json', plansText(planEntry(), OWN)),
  };
  expect((await cli.run(['catalog', 'import', files.catalog], FIRST)).exitCode).toBe(0);
  const imported = await cli.run(['plans', 'import', files.plans], FIRST);
  expect(imported.stdout).toBe(
    'plans version 2: 2 added, 0 changed, 0 unchanged\nwaiting for acceptance by their developers: own\n',
  );
});
afterAll(async () => await cli.close());

const accept = (plan: string, developer: string, actor = 'li.wei') => [
  ...['plans', 'accept', plan, '--developer', developer, '--actor', actor],
];

describe('plans', () => {
  test('wait, are accepted, and wait again once they are changed', async () => {
    const again = await cli.json(['plans', 'import', 'plans.json'], FIRST);
    expect(again.data).toEqual({ version: 2, added: 0, changed: 0, unchanged: 2, waiting: ['own'] });
    expect((await cli.run(accept('own', 'dev_7'), FIRST)).stdout).toBe(
      'plan own of version 2 is accepted and holds from 2018-04-15\n',
    );
    cli.write('changed.json', plansText({ ...OWN, effective_from: '2018-06-01' }));
    expect((await cli.json(['plans', 'import', 'changed.json'], LATER)).data).toMatchObject({
      version: 4,
      waiting: ['own'],
    });
    const { stdout } = await cli.run(['plans', 'list'], LATER);
    expect(stdout).toBe(`\
Plan  Version  For              Currency  From        To  Basis      Acceptance
half        2  everybody        CNY       2018-03-28      app_day
own         2  developer dev_7  CNY       2018-03-28      app_month  accepted by li.wei on 2018-04-15
own         4  developer dev_7  CNY       2018-06-01      app_month  waiting for acceptance
`);

    const accepted = await cli.json(accept('own', 'dev_7', 'zhang'), LATER);
    expect(accepted).toEqual({
      exitCode: 0,
      data: {
        plan_id: 'own',
        plan_version: 4,
        version: 5,
        accepted_on: '2018-05-02',
        accepted_by: 'zhang',
        changed: true,
      },
    });
    const second = await cli.run(accept('own', 'dev_7', 'wang'), LATER);
    expect(second).toMatchObject({
      exitCode: 0,
      stdout: 'plan own of version 4 was accepted on 2018-05-02, recorded by zhang; nothing changed\n',
    });
    const { data } = await cli.json<{ items: Record<string, unknown>[] }>(['plans', 'list'], LATER);
    expect(data.items.map(({ id, version, acceptance, holds }) => [id, version, acceptance, holds])).toEqual([
      ['half', 2, 'not_needed', { from: '2018-03-28', to: null }],
      ['own', 2, 'accepted', { from: '2018-04-15', to: '2018-05-01' }],
      ['own', 4, 'accepted', { from: '2018-06-01', to: null }],
    ]);
    expect(data.items[1]).toMatchObject({
      scope: 'developer',
      scope_id: 'dev_7',
      tiers: [{ share: '0.40' }],
      accepted_by: 'li.wei',
      accepted_on: '2018-04-15',
    });
  });

  test('are listed page by page', async () => {
    const first = await cli.json<{ items: object[]; next: string }>(['plans', 'list', '--limit', '1'], LATER);
    expect(first.data.items).toHaveLength(1);
    const rest = await cli.json(['plans', 'list', '--limit', '1', '--after', first.data.next], LATER);
    expect(rest.data).toMatchObject({ items: [{ id: 'own' }, { id: 'own' }], next: null });
  });

  test('are not accepted for somebody else, nor without a name', async () => {
    const other = await cli.run(accept('own', 'dev_8'), LATER);
    expect(other.exitCode).toBe(1);
    expect(onlyComplaint(other)).toBe(
      'apportion: plan "own" is for developer "dev_7", not for developer "dev_8"; name the developer that it is for',
    );
    const nameless = await cli.run(accept('own', 'dev_7', 'λ'), LATER);
    expect([nameless.exitCode, nameless.stderr]).toEqual([2, expect.stringContaining('1 to 64 printable ASCII')]);
  });
});
