import type { Figure } from './bench.ts';
import { statementStage } from './stage-statements.ts';

/** The trial balance over the ledger that the statements are read from. */
export const figure: Figure = {
  name: 'trial-balance',
  stage: statementStage,
  async measure(bench) {
    const { trialBalanceMs } = await (await statementStage.state(bench)).times();
    const developers = bench.size('developers').toLocaleString('en-US');
    return [
      {
        figure: `trial balance, ${developers} developers × ${bench.size('days')} days`,
        unit: 'ms',
        values: trialBalanceMs,
        target: { limit: 1000, aim: 100 },
      },
    ];
  },
};
