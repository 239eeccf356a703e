import type { Figure } from './bench.ts';
import type { Row } from './row.ts';
import { bookStage } from './stage-books.ts';

/** Settling a day of many apps, against COPY of the same transfers and against a ledger written in SQL. */
export const figure: Figure = {
  name: 'settlement',
  stage: bookStage,
  async measure(bench) {
    const runs = await (await bookStage.state(bench)).runs();
    const apps = bench.size('settle-apps').toLocaleString('en-US');
    const rows: Row[] = [];
    const limits = runs.flatMap(run => (run.ledgerLimit === null ? [] : [run.ledgerLimit]));
    if (limits.some((limit, run) => limit.rows !== runs[run]?.large.transfers)) {
      throw new Error('the ledger limit did not copy what was settled');
    }
    if (limits.length > 0) {
      rows.push({
        figure: `settlement of ${apps} apps`,
        unit: 's',
        values: runs.map(run => run.large.seconds),
        reference: { name: 'ledger limit', values: limits.map(limit => limit.seconds) },
        target: { limit: 2, aim: 1.3 },
      });
    }
    const sqlLedger = runs.flatMap(run => (run.sqlLedgerPerSecond === null ? [] : [run.sqlLedgerPerSecond]));
    if (sqlLedger.length > 0) {
      rows.push({
        figure: `settlement of ${apps} apps`,
        unit: 'transfers/s',
        values: runs.map(run => run.large.transfers / run.large.seconds),
        reference: { name: 'SQL ledger', values: sqlLedger },
        target: { limit: 100, aim: 300 },
      });
      rows.push({
        figure: 'ledger limit, what COPY alone reaches',
        unit: 'transfers/s',
        values: limits.map(limit => limit.rows / limit.seconds),
        reference: { name: 'SQL ledger', values: sqlLedger },
      });
    } else {
      bench.note('SQL ledger: skipped, give a checkout of pgr0ss/pgledger with --pgledger PATH');
    }
    return rows;
  },
};
