import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import { categoryOnDay } from './categories.ts';

/** Where an app's category becomes another one; days before it keep theirs. */
export interface CategoryChange {
  readonly appId: string;
  readonly developerId: string;
  readonly fromDay: BusinessDay;
}

/** Makes a temporary table `changed_…` from each staged one: what the database lacks (`added`) or has otherwise. */
export async function findChanges(tx: pg.ClientBase, today: BusinessDay): Promise<void> {
  await tx.query(CHANGED_DEVELOPERS);
  await tx.query(changedApps(today));
  await tx.query(CHANGED_AD_UNITS);
  await tx.query(CHANGED_CAMPAIGNS);
}

/** The changes of category among the changed apps; an app that is new has had no other. */
export async function categoryChanges(tx: pg.ClientBase): Promise<CategoryChange[]> {
  const { rows } = await tx.query<CategoryChange>(
    `select app_id as "appId", developer_id as "developerId", category_from as "fromDay"
     from changed_apps
     where moves_category and not added
     order by app_id`,
  );
  return rows;
}

export async function dropChanges(tx: pg.ClientBase): Promise<void> {
  await tx.query('drop table changed_developers, changed_apps, changed_ad_units, changed_campaigns');
}

const CHANGED_DEVELOPERS = `
  create temporary table changed_developers on commit drop as
  select s.developer_id, s.name, s.type, s.country, d.developer_id is null as added
  from staged_developers s
  left join developers d on d.developer_id = s.developer_id
  left join lateral (
    select v.name, v.type, v.country
    from developer_versions v
    where v.developer_id = s.developer_id
    order by v.reference_version desc
    limit 1
  ) latest on true
  where d.developer_id is null or (s.name, s.type, s.country) is distinct from (latest.name, latest.type, latest.country)`;

/**
 * The file says that the category holds from `category_from` until now. Where that is so already, a new name repeats what the latest
 * version says of the category, so that a change of category recorded for a later day stays.
 */
function changedApps(today: BusinessDay): string {
  const since = categoryOnDay({ app: 's.app_id', day: 's.category_from', version: LATEST });
  const now = categoryOnDay({ app: 's.app_id', day: `greatest(s.category_from, date '${today}')`, version: LATEST });
  const meanwhile = categoryOnDay({ app: 's.app_id', day: 'change.category_from', version: LATEST });
  return `
    create temporary table changed_apps on commit drop as
    select s.app_id, s.developer_id, s.name, s.added, s.moves_category,
      case when s.moves_category then s.category else latest.category end as category,
      case when s.moves_category then s.category_from else latest.category_from end as category_from
    from (
      select s.*, a.app_id is null as added,
        a.app_id is null or ${since} <> s.category or ${now} <> s.category or exists (
          select
          from app_versions change
          where change.app_id = s.app_id and change.category_from > s.category_from and change.category_from <= date '${today}'
            and ${meanwhile} <> s.category
        ) as moves_category
      from staged_apps s
      left join apps a on a.app_id = s.app_id
    ) s
    left join lateral (
      select v.name, v.category, v.category_from
      from app_versions v
      where v.app_id = s.app_id
      order by v.reference_version desc
      limit 1
    ) latest on true
    where s.moves_category or latest.name <> s.name`;
}

/** Beyond every version: the import sees all that is recorded. */
const LATEST = '2147483647';

const CHANGED_AD_UNITS = `
  create temporary table changed_ad_units on commit drop as
  select s.ad_unit_id, s.app_id, s.format, u.ad_unit_id is null as added
  from staged_ad_units s
  left join ad_units u on u.ad_unit_id = s.ad_unit_id
  left join lateral (
    select v.format
    from ad_unit_versions v
    where v.ad_unit_id = s.ad_unit_id
    order by v.reference_version desc
    limit 1
  ) latest on true
  where u.ad_unit_id is null or s.format is distinct from latest.format`;

const CHANGED_CAMPAIGNS = `
  create temporary table changed_campaigns on commit drop as
  select s.campaign_id, s.currency, s.rate_cards, latest.currency is null as added
  from staged_campaigns s
  left join lateral (
    select v.currency, v.rate_cards
    from campaign_versions v
    where v.campaign_id = s.campaign_id
    order by v.reference_version desc
    limit 1
  ) latest on true
  where (s.currency, s.rate_cards) is distinct from (latest.currency, latest.rate_cards)`;
