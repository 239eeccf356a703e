import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { SCHEMA } from '../src/db/database.ts';
import { cloneTable } from './clone-table.ts';
import type { BenchHome } from './home.ts';

// The ledger's limit: COPY of the very transfer rows of a settlement, over one connection, into a table that is identical in indexes,
// constraints, partitioning and triggers, and that holds what was copied before, as the ledger does.

const CLONE_SCHEMA = 'ledger_limit';
const LEDGER = 'transfers';

export interface CopiedTransfers {
  readonly rows: number;
  readonly seconds: number;
}

export class LedgerLimitReference {
  readonly #home: BenchHome;

  private constructor(home: BenchHome) {
    this.#home = home;
  }

  /** Call it when the ledger has the partitions that the settlements need. */
  static async open(home: BenchHome): Promise<LedgerLimitReference> {
    await home.owner.query(`create schema ${CLONE_SCHEMA}`);
    await cloneTable(home.owner, { schema: SCHEMA, table: LEDGER }, { schema: CLONE_SCHEMA, table: LEDGER });
    return new LedgerLimitReference(home);
  }

  /** Copies what a run of settlement posted; writing the rows to a file beforehand is not timed. */
  async run(runId: string): Promise<CopiedTransfers> {
    const { owner, folder } = this.#home;
    const file = path.join(folder, 'transfers.copy');
    const exported = owner.query(
      copyTo(`copy (select * from ${SCHEMA}.${LEDGER} where run_id = '${runId}') to stdout`),
    );
    await pipeline(exported, createWriteStream(file));
    await this.#home.checkpoint();
    const startedAt = performance.now();
    const stream = owner.query(copyFrom(`copy ${CLONE_SCHEMA}.${LEDGER} from stdin`));
    await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), stream);
    const seconds = (performance.now() - startedAt) / 1000;
    await rm(file);
    return { rows: stream.rowCount ?? 0, seconds };
  }
}
