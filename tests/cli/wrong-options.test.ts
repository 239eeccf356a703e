import { expect, test } from 'vitest';
import { makeProgram } from '../../src/cli/main.ts';

const DAYS = ['2018-04-02', '2018-04-01'] as const;
const INSTANTS = ['2018-04-02T00:00:00+08:00', '2018-04-01T00:00:00+08:00'] as const;

async function given(...argv: readonly string[]): Promise<boolean> {
  let chosen = false;
  const program = await makeProgram({
    word: argv[0],
    onGiven: () => {
      chosen = true;
    },
  });
  await program.parseAsync([...argv], { from: 'user' });
  return chosen;
}

test.each([
  { list: ['ledger', 'transfers'], from: '--from', to: '--to', range: DAYS },
  { list: ['ledger', 'balances'], from: '--booked-from', to: '--booked-to', range: DAYS },
  { list: ['ledger', 'revenue'], from: '--from', to: '--to', range: DAYS },
  { list: ['runs'], from: '--from', to: '--to', range: DAYS },
  { list: ['audit'], from: '--from', to: '--to', range: INSTANTS },
])('$list refuses a range that ends before it begins: $from', async ({ list, from, to, range: [later, earlier] }) => {
  await expect(given(...list, from, later, to, earlier)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining(`${to} lies before ${from}`),
  });
  expect(await given(...list, from, earlier, to, later)).toBe(true);
  expect(await given(...list, from, later, to, later)).toBe(true);
});

test('nobody acts in the name of the program or of a login, and the audit log can be asked for both', async () => {
  for (const actor of ['system:nightly', 'os:root', 'System:half-monthly']) {
    await expect(given('payouts', 'draw-up', '--actor', actor)).rejects.toMatchObject({ exitCode: 1 });
    expect(await given('audit', '--actor', actor)).toBe(true);
  }
  expect(await given('payouts', 'draw-up', '--actor', 'li.wei')).toBe(true);
});

test.each([
  ['simulate', '--plan', 'plans.json', '--from', '2018-04-01', '--to', '2018-04-02'],
  ['explain', '--app', 'app_7_1', '--date', '2018-04-01', '--events'],
  ['statement', '--developer', 'dev_7', '--period', '2018-04-H1'],
  ['ledger', 'transfers'],
  ['ledger', 'trial-balance'],
])('%s is not asked for CSV and JSON at once', async (...command) => {
  await expect(given(...command, '--csv', '--json')).rejects.toMatchObject({
    code: 'commander.conflictingOption',
    message: expect.stringContaining("'--csv' cannot be used with option '--json'"),
  });
  expect(await given(...command, '--csv')).toBe(true);
  expect(await given(...command, '--json')).toBe(true);
});
