import type { Figure } from './bench.ts';
import { monthStage } from './stage-month.ts';

/** The end of a month, as commands: both halves closed, payouts drawn up and proposed, every statement issued and written as JSON. */
export const figure: Figure = {
  name: 'month',
  stage: monthStage,
  async measure(bench) {
    const runs = await (await monthStage.state(bench)).runs();
    const developers = bench.size('month-developers').toLocaleString('en-US');
    const of = `a month of ${developers} developers`;
    const copy = (which: 'copyOfBooks' | 'copyOfStatements') => ({
      name: 'COPY of the same rows',
      values: runs.map(run => run[which].seconds),
    });
    return [
      {
        figure: `${of}: closed, paid out, stated`,
        unit: 's',
        values: runs.map(run => run.closing + run.payouts + run.statements),
        target: { limit: 120, aim: 60 },
      },
      {
        figure: `${of}: closing both halves, payouts`,
        unit: 's',
        values: runs.map(run => run.closing + run.payouts),
        reference: copy('copyOfBooks'),
      },
      {
        figure: `${of}: all statements as JSON`,
        unit: 's',
        values: runs.map(run => run.statements),
        reference: copy('copyOfStatements'),
      },
    ];
  },
};
