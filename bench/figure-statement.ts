import type { Figure } from './bench.ts';
import { statementStage } from './stage-statements.ts';

/** A developer's monthly statement, with the ledger of a month below it, read over one connection. */
export const figure: Figure = {
  name: 'statement',
  stage: statementStage,
  async measure(bench) {
    const { month, oneDayAlone, oneDayAmongAll } = await (await statementStage.state(bench)).times();
    const developers = bench.size('developers').toLocaleString('en-US');
    const days = bench.size('days');
    const size = `${developers} developers × ${days} days`;
    const growth = { limit: 1.2, aim: 1 };
    return [
      {
        figure: `monthly statement, ${size}, p99`,
        unit: 'ms',
        values: month.first.p99,
        target: { limit: 10, aim: 3 },
      },
      { figure: `monthly statement, ${size}, p50`, unit: 'ms', values: month.first.p50 },
      { figure: `monthly statement, ${size}, read again, p99`, unit: 'ms', values: month.again.p99 },
      {
        figure: `statement of one day, ledger of ${days + 1} days, read again, p50`,
        unit: 'ms',
        values: oneDayAmongAll.again.p50,
        reference: { name: 'ledger of 1 day', values: oneDayAlone.again.p50 },
        target: growth,
      },
      {
        figure: `statement of one day, ledger of ${days + 1} days, p50`,
        unit: 'ms',
        values: oneDayAmongAll.first.p50,
        reference: { name: 'ledger of 1 day', values: oneDayAlone.first.p50 },
        target: growth,
      },
      {
        figure: `statement of ${days} days, read again, p50`,
        unit: 'ms',
        values: month.again.p50,
        reference: { name: 'of 1 day', values: oneDayAlone.again.p50 },
      },
    ];
  },
};
