import type { Queryable } from '../db/database.ts';
import { appsOfAdUnits, developersOfApps } from './known-ids.ts';
import { RecentMap } from './recent-map.ts';

/**
 * What events ask of the catalog: whose an app is and which app an ad unit is in. Both never change, so what was found once stays
 * true; what was not found is asked again, since an import may bring it at any time.
 */
export class CatalogLookup {
  readonly #developerByApp: RecentMap;
  readonly #appByAdUnit: RecentMap;

  /** Remembers about twice `limit` apps and as many ad units, and all that the last `resolve` named. */
  constructor({ limit }: { readonly limit: number }) {
    this.#developerByApp = new RecentMap(limit);
    this.#appByAdUnit = new RecentMap(limit);
  }

  /** Makes these ids known, as far as the catalog has them, with at most two queries; they stay so until the next call. */
  async resolve(
    q: Queryable,
    { appIds, adUnitIds }: { readonly appIds: Iterable<string>; readonly adUnitIds: Iterable<string> },
  ): Promise<void> {
    const apps = this.#developerByApp.missing(appIds);
    if (apps.length > 0) this.#developerByApp.setAll(await developersOfApps(q, apps));
    const adUnits = this.#appByAdUnit.missing(adUnitIds);
    if (adUnits.length > 0) this.#appByAdUnit.setAll(await appsOfAdUnits(q, adUnits));
  }

  /** The developer of an app named to the last `resolve`; null if the catalog did not have it. */
  developerOf(appId: string): string | null {
    return this.#developerByApp.get(appId);
  }

  /** The app of an ad unit named to the last `resolve`; null if the catalog did not have it. */
  appOfAdUnit(adUnitId: string): string | null {
    return this.#appByAdUnit.get(adUnitId);
  }
}
