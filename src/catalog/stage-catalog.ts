import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Catalog } from './catalog-file.ts';

/**
 * Copies a catalog into temporary tables, so that it is compared and taken over by whole tables. `place` is the position in the
 * file's list, for messages. Gone with the transaction, or with `dropStaged`.
 */
export async function stageCatalog(tx: pg.ClientBase, catalog: Catalog, today: BusinessDay): Promise<void> {
  await tx.query(STAGED_TABLES);
  const staged = { table: 'staged_developers', columns: ['place', 'developer_id', 'name', 'type', 'country'] };
  await copyRows(
    tx,
    staged,
    placed(catalog.developers, d => [d.developerId, d.name, d.type, d.country]),
  );
  await copyRows(
    tx,
    { table: 'staged_apps', columns: ['place', 'app_id', 'developer_id', 'name', 'category', 'category_from'] },
    placed(catalog.apps, app => [app.appId, app.developerId, app.name, app.category, app.categoryFrom ?? today]),
  );
  await copyRows(
    tx,
    { table: 'staged_ad_units', columns: ['place', 'ad_unit_id', 'app_id', 'format'] },
    placed(catalog.adUnits, unit => [unit.adUnitId, unit.appId, unit.format]),
  );
  await copyRows(
    tx,
    { table: 'staged_campaigns', columns: ['place', 'campaign_id', 'currency', 'rate_cards'] },
    placed(catalog.campaigns, ({ campaignId, currency, rateCards }) => [
      campaignId,
      currency,
      JSON.stringify(rateCards),
    ]),
  );
  // Nobody else will: autovacuum does not see temporary tables.
  await tx.query('analyze staged_developers, staged_apps, staged_ad_units, staged_campaigns');
}

export async function dropStaged(tx: pg.ClientBase): Promise<void> {
  await tx.query('drop table staged_developers, staged_apps, staged_ad_units, staged_campaigns');
}

const STAGED_TABLES = `
  create temporary table staged_developers (
    place integer not null,
    developer_id text not null,
    name text not null,
    type text not null,
    country text not null
  ) on commit drop;

  create temporary table staged_apps (
    place integer not null,
    app_id text not null,
    developer_id text not null,
    name text not null,
    category text not null,
    category_from date not null
  ) on commit drop;

  create temporary table staged_ad_units (
    place integer not null,
    ad_unit_id text not null,
    app_id text not null,
    format text not null
  ) on commit drop;

  create temporary table staged_campaigns (
    place integer not null,
    campaign_id text not null,
    currency text not null,
    rate_cards jsonb not null
  ) on commit drop`;

function* placed<Row>(rows: readonly Row[], columns: (row: Row) => string[]): Generator<(string | number)[]> {
  for (const [place, row] of rows.entries()) yield [place, ...columns(row)];
}
