import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';

// A ledger written in SQL: pgledger's pgledger_create_transfers in batches of 1,000 over one connection (the shared revenue account is locked
// by each batch, so more connections would only wait), with one shared revenue account and one account a developer.

const FILES = [
  'vendor/scoville-pgsql-ulid/ulid-to-uuid.sql',
  'vendor/scoville-pgsql-ulid/uuid-to-ulid.sql',
  'pgledger.sql',
];
const BATCH = 1_000;

export interface Payment {
  readonly developerId: string;
  /** In units of the currency. */
  readonly amount: string;
}

export class SqlLedgerReference {
  readonly #client: pg.Client;
  readonly #accounts = new Map<string, string>();
  readonly #revenueAccount: string;

  private constructor(client: pg.Client, revenueAccount: string) {
    this.#client = client;
    this.#revenueAccount = revenueAccount;
  }

  /** From a checkout of pgr0ss/pgledger, whose files are run as they are. */
  static async open(client: pg.Client, checkout: string): Promise<SqlLedgerReference> {
    await client.query('create schema pgledger');
    await client.query('set search_path = pgledger');
    for (const file of FILES) await client.query(await readFile(path.join(checkout, file), 'utf8'));
    const [revenue] = await createAccounts(client, ['revenue']);
    return new SqlLedgerReference(client, revenue as string);
  }

  /** Seconds for these transfers; accounts that are missing are made beforehand. */
  async run(payments: readonly Payment[]): Promise<number> {
    await this.#openAccounts(payments);
    await this.#client.query('checkpoint');
    const startedAt = performance.now();
    for (let from = 0; from < payments.length; from += BATCH) {
      await this.#transfer(payments.slice(from, from + BATCH));
    }
    return (performance.now() - startedAt) / 1000;
  }

  async #transfer(batch: readonly Payment[]): Promise<void> {
    const { rows } = await this.#client.query<{ made: number }>(
      `select count(*)::int as made
       from pgledger_create_transfers(transfer_requests => (
         select array_agg(($1, developer.account, developer.amount)::transfer_request)
         from unnest($2::text[], $3::numeric[]) as developer (account, amount)
       ))`,
      [
        this.#revenueAccount,
        batch.map(payment => this.#accounts.get(payment.developerId)),
        batch.map(payment => payment.amount),
      ],
    );
    if (rows[0]?.made !== batch.length) throw new Error(`pgledger made ${rows[0]?.made} of ${batch.length} transfers`);
  }

  async #openAccounts(payments: readonly Payment[]): Promise<void> {
    const missing = [...new Set(payments.map(payment => payment.developerId))].filter(id => !this.#accounts.has(id));
    const accounts = await createAccounts(this.#client, missing);
    for (const [place, developerId] of missing.entries()) this.#accounts.set(developerId, accounts[place] as string);
    await this.#client.query('analyze pgledger_accounts');
  }
}

/** Ids in the order of the names. */
async function createAccounts(client: pg.Client, names: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select account.id
     from unnest($1::text[]) with ordinality as wanted (name, place)
     cross join lateral pgledger_create_account(wanted.name, 'CNY') as account
     order by wanted.place`,
    [names],
  );
  return rows.map(row => row.id);
}
