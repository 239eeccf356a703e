import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/**
 * SQL for the category of an app on a day: what was recorded last among what reaches back to the day; before all of it, what was
 * recorded first. The arguments are SQL expressions.
 */
export function categoryOnDay({
  app,
  day,
  version,
}: {
  readonly app: string;
  readonly day: string;
  readonly version: string;
}) {
  return `(
    select v.category
    from app_versions v
    where v.app_id = ${app} and v.reference_version <= ${version}
    order by v.category_from <= ${day} desc,
      case when v.category_from <= ${day} then -v.reference_version else v.reference_version end
    limit 1
  )`;
}

/** What a catalog recorded of an app. */
export interface AppVersion {
  readonly appId: string;
  readonly referenceVersion: number;
  readonly name: string;
  readonly category: string;
  /** The first business day of this category. */
  readonly categoryFrom: BusinessDay;
}

/** All that was ever recorded of each of the apps, in the order of recording; apps that the catalog does not have are left out. */
export async function appVersions(q: Queryable, appIds: readonly string[]): Promise<Map<string, AppVersion[]>> {
  const { rows } = await q.query<AppVersion>(
    `select app_id as "appId", reference_version as "referenceVersion", name, category, category_from as "categoryFrom"
     from app_versions
     where app_id = any ($1)
     order by app_id, reference_version`,
    [appIds],
  );
  return Map.groupBy(rows, row => row.appId);
}

/** `categoryOnDay` of one app whose versions are at hand; null if none is known yet. */
export function categoryAmong(
  versions: readonly AppVersion[],
  { day, referenceVersion }: { readonly day: BusinessDay; readonly referenceVersion: number },
): string | null {
  const known = versions.filter(each => each.referenceVersion <= referenceVersion);
  return (known.findLast(each => each.categoryFrom <= day) ?? known[0])?.category ?? null;
}

/** The category of each app on a day as `referenceVersion` knows it; apps that it does not know are left out. */
export async function categoriesOn(
  q: Queryable,
  on: { readonly appIds: readonly string[]; readonly day: BusinessDay; readonly referenceVersion: number },
): Promise<Map<string, string>> {
  const { rows } = await q.query<{ appId: string; category: string | null }>(
    `select asked.app_id as "appId",
       ${categoryOnDay({ app: 'asked.app_id', day: '$2::date', version: '$3::integer' })} as category
     from unnest($1::text[]) as asked (app_id)`,
    [on.appIds, on.day, on.referenceVersion],
  );
  const categories = new Map<string, string>();
  for (const { appId, category } of rows) {
    if (category !== null) categories.set(appId, category);
  }
  return categories;
}

/** Days after `from` up to `to` on which the category of any of the apps may become another one. */
export async function categoryChangeDays(
  q: Queryable,
  {
    appIds,
    from,
    to,
    referenceVersion,
  }: {
    readonly appIds: readonly string[];
    readonly from: BusinessDay;
    readonly to: BusinessDay;
    readonly referenceVersion: number;
  },
): Promise<BusinessDay[]> {
  const { rows } = await q.query<{ day: BusinessDay }>(
    `select distinct v.category_from as day
     from app_versions v
     where v.app_id = any($1) and v.reference_version <= $4 and v.category_from > $2 and v.category_from <= $3
       and exists (
         select from app_versions earlier where earlier.app_id = v.app_id and earlier.reference_version < v.reference_version
       )
     order by day`,
    [appIds, from, to, referenceVersion],
  );
  return rows.map(row => row.day);
}

/** Every app that was ever in one of the categories, on whatever day. */
export async function appsEverIn(
  q: Queryable,
  categories: readonly string[],
): Promise<{ category: string; appId: string; developerId: string }[]> {
  const { rows } = await q.query<{ category: string; appId: string; developerId: string }>(
    `select distinct v.category, v.app_id as "appId", a.developer_id as "developerId"
     from app_versions v
     join apps a on a.app_id = v.app_id
     where v.category = any($1)`,
    [categories],
  );
  return rows;
}
