import { expect, test } from 'vitest';
import { makeProgram } from '../../src/cli/main.ts';

const DAYS = ['2018-04-02', '2018-04-01'] as const;
const INSTANTS = ['2018-04-02T00:00:00+08:00', '2018-04-01T00:00:00+08:00'] as const;

async function given(...argv: readonly string[]): Promise<boolean> {
  let chosen = false;
  const program = makeProgram(() => {
    chosen = true;
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
