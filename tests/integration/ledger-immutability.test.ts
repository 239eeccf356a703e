import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { copyRows } from '../../src/db/copy.ts';
import { APPLICATION_ROLE, clientConfig, type Queryable, SCHEMA } from '../../src/db/database.ts';
import { openHome } from '../../src/embedded/home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { temporaryHome } from '../support/embedded.ts';
import {
  type Act,
  becoming,
  CHANGES,
  OTHER_ACTS,
  OWNERS_ACTS,
  onEachTable,
  PARTITIONS,
  TABLES,
} from '../support/ledger-attacks.ts';
import { powersOfApplication } from '../support/role-powers.ts';
import { schemaText } from '../support/schema-text.ts';

const REFUSED = '42501';
const KEY_EXISTS = '23505';
const APPEND_ONLY = /^the ledger is append-only/;

/** A transfer of each of three days, two months. */
async function postTransfers(q: Queryable): Promise<void> {
  await q.query(`select ensure_ledger_month('2018-03-28'), ensure_ledger_month('2018-04-15')`);
  for (const day of ['2018-03-28', '2018-04-01', '2018-04-15']) {
    await q.query(
      `insert into transfers (bucket, ledger_date, transfer_id, developer_id, app_id, business_date, period, currency, debit, credit,
         amount_nanos, reason, run_id, version, booked_at)
       values (3, $1, $2, 'dev_7', 'app_7_1', $1, '2018-04-H1', 'CNY', 'ad_revenue', 'payable', 1000, 'developer_share', $2, 1, now())`,
      [day, randomUUID()],
    );
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'nothing was refused';
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== undefined) return error.code;
    throw error;
  }
}

/** Tries the statements one by one and tells those that were not refused. */
async function notRefused(q: Queryable, statements: Iterable<Act>): Promise<string[]> {
  const found: string[] = [];
  for (const [name, statement] of statements) {
    const code = await codeOf(q.query(statement));
    if (code !== REFUSED) found.push(`${name}: ${code}`);
  }
  return found;
}

/** All transfers, and everything that guards them. */
async function ledgerState(owner: Queryable & pg.ClientBase): Promise<unknown> {
  const { rows } = await owner.query('select * from transfers order by transfer_id');
  return { rows, schema: await schemaText(owner, { schema: SCHEMA, role: APPLICATION_ROLE }) };
}

async function expectKept(
  { attacker, owner }: { readonly attacker: Queryable; readonly owner: pg.Client },
  statements: Iterable<Act>,
): Promise<void> {
  const before = await ledgerState(owner);
  expect(await notRefused(attacker, statements)).toEqual([]);
  expect(await ledgerState(owner)).toEqual(before);
}

/** The rows once more, changed, through COPY, which asks for no more than insert: the key refuses them. */
async function copyOver(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<Record<string, string | number | null>>(
    `select bucket, ledger_date::text, transfer_id, developer_id, app_id, business_date::text, period, currency, debit, credit,
       7 as amount_nanos, reason, run_id, version, booked_at::text
     from transfers`,
  );
  const columns = Object.keys(rows[0] ?? {});
  await copyRows(
    client,
    { table: 'transfers', columns },
    rows.map(row => columns.map(column => row[column] ?? null)),
  );
}

let database: TestDatabase;
let owner: pg.Client;
let member: pg.Client;
const memberName = `test_member_${randomUUID().replaceAll('-', '')}`;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = await database.owner();
  await postTransfers(database.db);
  await owner.query(`create role ${memberName} login in role ${APPLICATION_ROLE}`);
  member = new pg.Client({ ...database.address, user: memberName, options: `-c search_path=${SCHEMA}` });
  await member.connect();
});
afterAll(async () => {
  await member.end();
  await owner.query(`drop role ${memberName}`);
  await database.drop();
});

describe.each([
  ['the application', () => database.db],
  ['a login that is a member of its role', () => member],
])('%s', (_who, attackerOf) => {
  const sides = () => ({ attacker: attackerOf(), owner });

  test('changes no row, through the ledger or a partition', async () => {
    await expectKept(sides(), onEachTable(CHANGES));
  });

  test('alters nothing that guards the rows', async () => {
    await expectKept(sides(), onEachTable(OWNERS_ACTS));
    await expectKept(sides(), OTHER_ACTS);
  });

  test('takes no rights back on', async () => {
    await expectKept(sides(), becoming(database.address.user));
  });
});

test('rows copied over others are refused by their key', async () => {
  const before = await ledgerState(owner);
  expect(await codeOf(database.db.transaction(copyOver))).toBe(KEY_EXISTS);
  expect(await codeOf(copyOver(member))).toBe(KEY_EXISTS);
  expect(await ledgerState(owner)).toEqual(before);
});

test('a member can become neither the owner nor anybody else', async () => {
  const { rows } = await owner.query<{ role: string }>(
    'select quote_ident(rolname) as role from pg_roles where rolname not in ($1, $2)',
    [APPLICATION_ROLE, memberName],
  );
  const acts = rows.map(({ role }) => [`become ${role}`, `set role ${role}`] as const);
  expect(await notRefused(member, acts)).toEqual([]);
});

test('a granted update, which only an owner can grant, is still refused by the triggers', async () => {
  await owner.query('begin');
  try {
    await owner.query(`grant all on ${TABLES.join(', ')} to ${APPLICATION_ROLE}`);
    await owner.query(`set local role ${APPLICATION_ROLE}`);
    for (const [name, statement] of onEachTable(CHANGES)) {
      await owner.query('savepoint act');
      await expect(owner.query(statement), name).rejects.toMatchObject({ code: REFUSED, message: APPEND_ONLY });
      await owner.query('rollback to savepoint act');
    }
  } finally {
    await owner.query('rollback');
  }
});

describe.each(['origin', 'replica', 'local'])('the owner, with session_replication_role = %s,', mode => {
  test('changes no row, through the ledger or a partition', async () => {
    const superuser = await database.owner();
    const before = await ledgerState(owner);
    await superuser.query(`set session_replication_role = ${mode}`);
    for (const [name, statement] of onEachTable(CHANGES)) {
      await expect(superuser.query(statement), name).rejects.toMatchObject({ code: REFUSED, message: APPEND_ONLY });
    }
    await expect(superuser.query(`truncate ${PARTITIONS.join(', ')}`)).rejects.toMatchObject({ message: APPEND_ONLY });
    expect(await ledgerState(owner)).toEqual(before);
  });
});

test("a session's own tables can't lead the maker of partitions astray", async () => {
  await member.query('create temporary table transfers (like apportion.transfers) partition by range (ledger_date)');
  onTestFinished(async () => {
    await member.query('drop table pg_temp.transfers');
  });
  await member.query(`select ensure_ledger_month('2018-05-01')`);
  const { rows } = await owner.query(
    `select inhparent::regclass::text as parent from pg_inherits where inhrelid = 'transfers_2018_05'::regclass`,
  );
  expect(rows).toEqual([{ parent: 'transfers' }]);
});

test('the role of the application owns nothing, the schema of the queue included, and can make nothing', async () => {
  expect(await powersOfApplication(owner)).toEqual([]);
});

test('the same holds for the role that commands use in the embedded mode', async () => {
  const { folder, home } = temporaryHome();
  const app = await openApp(readConfig({ APPORTION_HOME: home, APPORTION_QUEUE: 'postgres' }, folder));
  onTestFinished(async () => await app.close());
  const servers = await openHome({ home, redis: 'off' });
  onTestFinished(async () => await servers.close());
  const embeddedOwner = new pg.Client(clientConfig({ address: servers.postgres, role: 'owner' }));
  await embeddedOwner.connect();
  try {
    expect((await app.db.query('select current_user as name')).rows).toEqual([{ name: APPLICATION_ROLE }]);
    await postTransfers(app.db);
    const sides = { attacker: app.db, owner: embeddedOwner };
    await expectKept(sides, onEachTable(CHANGES));
    await expectKept(sides, onEachTable(OWNERS_ACTS));
    await expectKept(sides, OTHER_ACTS);
    await expectKept(sides, becoming(servers.postgres.user));
    expect(await powersOfApplication(app.db)).toEqual([]);
    await embeddedOwner.query('set session_replication_role = replica');
    for (const [name, statement] of onEachTable(CHANGES)) {
      await expect(embeddedOwner.query(statement), name).rejects.toMatchObject({ code: REFUSED, message: APPEND_ONLY });
    }
  } finally {
    await embeddedOwner.end();
  }
});
