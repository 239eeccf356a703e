import type pg from 'pg';
import { BAD_CATALOG } from './catalog-file.ts';
import { FileProblems } from './file-problems.ts';
import { DEFAULT_TERMS } from './provider-terms.ts';

const LISTED = 20;

interface Check {
  /** Each `[]` stands for a position: `place`, then `entry`. */
  readonly field: string;
  /** Gives `place`, `value`, where it helps `other`, and in a list within a list `entry`. */
  readonly from: string;
  readonly fault: (other: string | null) => string;
  readonly remedy: string;
}

const OWNER_ID = {
  developers: 'developer_id',
  providers: 'provider_id',
  staged_providers: 'provider_id',
  funds: 'fund_id',
} as const;

type OwnersTable = keyof typeof OWNER_ID;

const CHECKS: readonly Check[] = [
  {
    field: 'apps[].developer_id',
    from: `select s.place, s.developer_id as value, null as other
      from staged_apps s
      where not exists (select from staged_developers f where f.developer_id = s.developer_id)
        and not exists (select from developers d where d.developer_id = s.developer_id)`,
    fault: () => 'no developer of this file or of the catalog',
    remedy: 'add that developer, or correct the id',
  },
  {
    field: 'ad_units[].app_id',
    from: `select s.place, s.app_id as value, null as other
      from staged_ad_units s
      where not exists (select from staged_apps f where f.app_id = s.app_id)
        and not exists (select from apps a where a.app_id = s.app_id)`,
    fault: () => 'no app of this file or of the catalog',
    remedy: 'add that app, or correct the id',
  },
  {
    field: 'apps[].developer_id',
    from: `select s.place, s.developer_id as value, a.developer_id as other
      from staged_apps s
      join apps a on a.app_id = s.app_id
      where a.developer_id <> s.developer_id`,
    fault: other => `but the app belongs to developer "${other}" and never moves`,
    remedy: 'correct it, or give the app of the new developer an id of its own',
  },
  {
    field: 'ad_units[].app_id',
    from: `select s.place, s.app_id as value, u.app_id as other
      from staged_ad_units s
      join ad_units u on u.ad_unit_id = s.ad_unit_id
      where u.app_id <> s.app_id`,
    fault: other => `but the ad unit belongs to app "${other}" and never moves`,
    remedy: 'correct it, or give the ad unit of the new app an id of its own',
  },
  isAnotherBook('developers', { other: 'a service provider', tables: ['staged_providers', 'providers'] }),
  isAnotherBook('developers', { other: 'an incentive fund', tables: ['funds'] }),
  isAnotherBook('providers', { other: 'a developer', tables: ['developers'] }),
  isAnotherBook('providers', { other: 'an incentive fund', tables: ['funds'] }),
  {
    field: 'providers[].apps[].app_id',
    from: `select s.place, s.entry, s.app_id as value, null as other
      from staged_provider_terms s
      where s.app_id <> '${DEFAULT_TERMS}'
        and not exists (select from staged_apps f where f.app_id = s.app_id)
        and not exists (select from apps a where a.app_id = s.app_id)`,
    fault: () => 'no app of this file or of the catalog',
    remedy: 'add that app, or correct the id',
  },
];

/** Developers, service providers and incentive funds own books, and share one namespace of ids. */
function isAnotherBook(
  list: 'developers' | 'providers',
  { other, tables }: { readonly other: string; readonly tables: readonly OwnersTable[] },
): Check {
  const id = `s.${OWNER_ID[list]}`;
  const found = tables.map(table => `exists (select from ${table} o where o.${OWNER_ID[table]} = ${id})`);
  return {
    field: `${list}[].id`,
    from: `select s.place, ${id} as value, null as other from staged_${list} s where ${found.join(' or ')}`,
    fault: () => `the id of ${other} too`,
    remedy: 'give one of them another id, for both own books',
  };
}

interface FoundProblem {
  readonly place: number;
  readonly entry?: number;
  readonly value: string;
  readonly other: string | null;
  readonly found: number;
}

/**
 * Compares what a staged catalog refers to with the file and the database.
 * @throws Refusal `bad_catalog` naming what is unknown or would move
 */
export async function checkStaged(tx: pg.ClientBase, source: string): Promise<void> {
  const problems = new FileProblems({ source, code: BAD_CATALOG });
  for (const { field, from, fault, remedy } of CHECKS) {
    const { rows } = await tx.query<FoundProblem>(
      `select problem.*, count(*) over () as found from (${from}) as problem order by place, value limit ${LISTED}`,
    );
    const found = rows.map(({ place, entry, value, other }) => ({
      place: field.replace('[]', `[${place}]`).replace('[]', `[${entry}]`),
      value,
      fault: fault(other),
      remedy,
    }));
    problems.addAll(found, rows[0]?.found ?? 0);
  }
  problems.refuseIfAny();
}
