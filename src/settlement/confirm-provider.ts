import { developerOfApp } from '../catalog/app-names.ts';
import { type Confirmation, confirmTerms } from '../catalog/confirm-terms.ts';
import { appsEverConfirmed } from '../catalog/provider-book.ts';
import { DEFAULT_TERMS } from '../catalog/provider-terms.ts';
import { markDueWhere } from '../earnings/due-days.ts';
import type { ImportDeps } from './import-reference.ts';

/**
 * Records the developer's side's agreement to a provider's terms for an app (null: to its default ratio), in one transaction; days
 * from today on of the apps that it is for become due, for no earlier day changes.
 * @throws Refusal `unknown_provider`, `unknown_app`, `no_terms`
 */
export async function confirmProvider(
  { db, now, calendar }: ImportDeps,
  { providerId, appId, actor }: { readonly providerId: string; readonly appId: string | null; readonly actor: string },
): Promise<Confirmation> {
  return await db.transaction(async tx => {
    const recordedAt = now();
    const today = calendar.dayOf(recordedAt.getTime());
    const apps = appId === null ? null : [{ appId, developerId: await developerOfApp(tx, appId) }];
    const subject = { providerId, appId: appId ?? DEFAULT_TERMS };
    const confirmation = await confirmTerms(tx, { ...subject, actor, recordedAt, today });
    if (confirmation.isNew) {
      const affected = apps ?? (await appsEverConfirmed(tx, providerId));
      await markDueWhere(
        tx,
        affected.map(app => ({ ...app, currency: null, fromDay: today, toDay: null })),
      );
    }
    return confirmation;
  });
}
