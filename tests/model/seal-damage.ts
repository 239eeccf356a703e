import fc from 'fast-check';
import type pg from 'pg';
import { expect } from 'vitest';
import { checkBucketSeals, SealChain, sealsToCheck } from '../../src/verification/check-seals.ts';
import type { Difference } from '../../src/verification/difference.ts';
import { BUCKETS } from './money-model.ts';
import type { MoneySystem } from './money-system.ts';

const OTHER_ID = `'01890000-0000-7000-8000-000000000000'`;

// What the schema asks for beside, of which no trigger keeps it.
const BARE = 'run_id = null, version = null, provider_id = null, fund_id = null';
const DATED = `app_id = coalesce(app_id, 'app_9'), business_date = ledger_date`;
const UNDECIDED = 'decision_id = null, payout_id = null';

/** What somebody with the owner's rights may do to a row, each so that something of it is different afterwards. */
const CHANGED = {
  amount_nanos: 'amount_nanos = amount_nanos + 1',
  'sides swapped': 'debit = credit, credit = debit',
  debit: `debit = case when 'write_off' in (debit, credit) then 'fx'::account_kind else 'write_off' end`,
  reason: `reason = case reason when 'adjustment' then 'write_off' else 'adjustment' end, provider_id = null`,
  run_id: `run_id = ${OTHER_ID}, decision_id = null`,
  decision_id: `decision_id = 'bogus', ${BARE}`,
  link_id: `link_id = ${OTHER_ID}`,
  corrects_id: `corrects_id = ${OTHER_ID}`,
  transfer_id: `transfer_id = ${OTHER_ID}`,
  payout_id: `payout_id = ${OTHER_ID}, app_id = null, ${BARE}`,
  app_id: `app_id = 'app_9', payout_id = null`,
  provider_id: `provider_id = case when provider_id is null then 'agency_9' end, version = 1000, reason = 'hold', fund_id = null,
    ${DATED}, ${UNDECIDED}`,
  version: `version = coalesce(version, 0) + 1000, ${DATED}, ${UNDECIDED}`,
  booked_at: `booked_at = booked_at + interval '1 microsecond'`,
  ledger_date: `business_date = ledger_date - 1, ledger_date = ledger_date - 1, version = version + 1000`,
  currency: `currency = 'EUR'`,
  developer_id: `developer_id = case developer_id when 'dev_2' then 'dev_3' else 'dev_2' end`,
  bucket: `bucket = (bucket + 1) % ${BUCKETS}`,
  'the half-month before': `period = case when right(period, 1) = '2' then left(period, 8) || '1' else period || '0' end`,
} as const;

const CHANGES = Object.keys(CHANGED) as readonly (keyof typeof CHANGED)[];

type Deed = (typeof CHANGES)[number] | 'deleted' | 'copied';

export interface Damage {
  readonly place: number;
  readonly deed: Deed;
}

export const damage: fc.Arbitrary<Damage> = fc.record({
  place: fc.nat(1_000),
  deed: fc.constantFrom<Deed>(...CHANGES, 'deleted', 'deleted', 'copied', 'copied'),
});

interface Place {
  readonly bucket: number;
  readonly period: string;
  readonly owner: string;
  readonly currency: string;
}

const PLACE = 'bucket, period, developer_id as owner, currency';

/** Damages a row as the owner, and takes it back; whatever the damage, exactly the seals that cover the row tell of it. */
export async function expectSealsBroken({ system }: MoneySystem, { place, deed }: Damage): Promise<boolean> {
  const owner = await system.owner();
  await owner.query('begin');
  try {
    await owner.query('set local session_replication_role = replica');
    await owner.query('drop trigger transfers_keep_rows on transfers');
    const sealed = new Set(
      (await owner.query<{ period: string }>('select period from period_seals')).rows.map(row => row.period),
    );
    const { rows: transfers } = await owner.query<Place & { id: string }>(
      `select transfer_id as id, ${PLACE} from transfers order by period, developer_id, debit, credit, amount_nanos`,
    );
    const row = transfers[place % transfers.length];
    if (row === undefined) return false;
    const { id, ...before } = row;
    const { rows: after } = await owner.query<Place>(`${statementOf(deed)} returning ${PLACE}`, [id]);
    expect(after.length, deed).toBe(1);
    const touched = deed === 'deleted' ? [before] : deed === 'copied' ? after : [before, ...after];
    const covers = touched.filter(each => sealed.has(each.period)).flatMap(coversOf);
    expect(await brokenSeals(owner), `${deed} of ${JSON.stringify(row)}`).toEqual([...new Set(covers)].sort());
    return covers.length > 0;
  } finally {
    await owner.query('rollback');
  }
}

function statementOf(deed: Deed): string {
  if (deed === 'deleted') return 'delete from transfers where transfer_id = $1';
  if (deed !== 'copied') return `update transfers set ${CHANGED[deed]} where transfer_id = $1`;
  return `insert into transfers
    select (jsonb_populate_record(transfers, jsonb_build_object('transfer_id', ${OTHER_ID}::text, 'version', version + 1000))).*
    from transfers
    where transfer_id = $1`;
}

function coversOf({ bucket, period, owner, currency }: Place): string[] {
  const ofBucket = `${period} bucket ${bucket}`;
  return [`book_seals ${ofBucket} ${owner} ${currency}`, `bucket_seals ${ofBucket}`, `period_seals ${period}`];
}

async function brokenSeals(client: pg.Client): Promise<string[]> {
  const broken: string[] = [];
  const report = ({ table, where }: Difference) => broken.push(`${table} ${where}`);
  const seals = await sealsToCheck(client);
  const chain = new SealChain(seals);
  for (let bucket = 0; bucket < BUCKETS; bucket += 1)
    chain.add(await checkBucketSeals(client, { bucket, seals, report }));
  chain.check(report);
  return broken.sort();
}
