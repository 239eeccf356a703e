import { expect, test, vi } from 'vitest';
import { printCsv } from '../../src/cli/csv.ts';

async function printed(columns: readonly string[], rows: readonly object[]): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(chunk => {
    text += String(chunk);
    return true;
  });
  try {
    await printCsv(columns, rows);
  } finally {
    write.mockRestore();
  }
  return text;
}

test('a text that a spreadsheet would take for a formula has an apostrophe before it, in any column', async () => {
  const texts = ['=1+1', '+86', '-1+2', '-x', '@SUM(A1)', '\tx', '\rx', '-1.', '- 5'];
  const csv = await printed(
    ['detail'],
    texts.map(detail => ({ detail })),
  );
  expect(csv).toBe(
    ['detail', "'=1+1", "'+86", "'-1+2", "'-x", "'@SUM(A1)", "'\tx", `"'\rx"`, "'-1.", "'- 5", ''].join('\n'),
  );
});

test('amounts and other texts stand as they are', async () => {
  const money = { amount: '-5.00', currency: 'CNY' };
  expect(
    await printed(['app_id', 'gross', 'balance', 'currency'], [{ app_id: 'a=b', gross: '-0.5', balance: money }]),
  ).toBe('app_id,gross,balance,currency\na=b,-0.5,-5.00,CNY\n');
});
