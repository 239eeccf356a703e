import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { providerName } from './provider-name.ts';
import { DEFAULT_TERMS, type StoredTerm, written } from './provider-terms.ts';
import { referenceColumns } from './reference-rows.ts';
import { currentReferenceVersion, lockReference, recordReferenceVersion } from './reference-version.ts';

export interface Confirmation {
  /** The version that this confirmation recorded, or the one that holds if the terms were confirmed already. */
  readonly referenceVersion: number;
  readonly isNew: boolean;
  readonly termsVersion: number;
  /** Empty: that the engagement has ended. */
  readonly terms: readonly StoredTerm[];
  /** From this day on these terms hold and those before them don't. */
  readonly confirmedOn: BusinessDay;
  readonly actor: string;
}

interface Standing {
  readonly termsVersion: number;
  readonly terms: readonly StoredTerm[];
  /** Of the last confirmation; null together where there is none. */
  readonly confirmedOn: BusinessDay | null;
  readonly actor: string | null;
  readonly isConfirmed: boolean;
}

/**
 * Records that the developer's side agrees to what a provider's terms for an app, or its default ratio, say now. To confirm again
 * what was confirmed last changes nothing.
 * @throws Refusal `unknown_provider`, `no_terms`
 */
export async function confirmTerms(
  tx: pg.ClientBase,
  {
    providerId,
    appId,
    actor,
    recordedAt,
    today,
  }: {
    readonly providerId: string;
    /** `DEFAULT_TERMS` for the default ratio. */
    readonly appId: string;
    readonly actor: string;
    readonly recordedAt: Date;
    readonly today: BusinessDay;
  },
): Promise<Confirmation> {
  await lockReference(tx, 'exclusive');
  await providerName(tx, providerId);
  const standing = await standingTerms(tx, { providerId, appId });
  if (standing === null || (standing.terms.length === 0 && standing.confirmedOn === null)) {
    throw noTerms(providerId, appId);
  }
  const { termsVersion } = standing;
  const terms = written(standing.terms);
  if (standing.isConfirmed && standing.confirmedOn !== null && standing.actor !== null) {
    const referenceVersion = await currentReferenceVersion(tx);
    const { confirmedOn, actor: before } = standing;
    return { referenceVersion, isNew: false, termsVersion, terms, confirmedOn, actor: before };
  }
  await tx.query(
    'create temporary table new_confirmations on commit drop as select * from provider_confirmations with no data',
  );
  await copyRows(tx, { table: 'new_confirmations', columns: referenceColumns('provider_confirmations') }, [
    [providerId, appId, termsVersion, today, actor],
  ]);
  const news = [{ table: 'provider_confirmations', from: 'new_confirmations' }] as const;
  const { referenceVersion } = await recordReferenceVersion(tx, { kind: 'confirmation', recordedAt, news });
  await tx.query('drop table new_confirmations');
  return { referenceVersion, isNew: true, termsVersion, terms, confirmedOn: today, actor };
}

/** The terms as they are now, and whether they say what was confirmed last; null where there never were any. */
async function standingTerms(
  tx: pg.ClientBase,
  { providerId, appId }: { readonly providerId: string; readonly appId: string },
): Promise<Standing | null> {
  const { rows } = await tx.query<Standing>(
    `select now.reference_version as "termsVersion", now.terms, last.confirmed_on as "confirmedOn", last.actor,
       coalesce(now.terms = last.terms, false) as "isConfirmed"
     from (
       select t.reference_version, t.terms
       from provider_terms t
       where t.provider_id = $1 and t.app_id = $2
       order by t.reference_version desc
       limit 1
     ) as now
     left join (
       select c.confirmed_on, c.actor, t.terms
       from provider_confirmations c
       join provider_terms t
         on t.provider_id = c.provider_id and t.app_id = c.app_id and t.reference_version = c.terms_version
       where c.provider_id = $1 and c.app_id = $2
       order by c.reference_version desc
       limit 1
     ) as last on true`,
    [providerId, appId],
  );
  return rows[0] ?? null;
}

function noTerms(providerId: string, appId: string): Refusal {
  const what = appId === DEFAULT_TERMS ? 'no default ratio' : `no terms for app ${shown(appId)}`;
  return new Refusal({
    code: 'no_terms',
    message: `provider ${shown(providerId)} has ${what}`,
    remedy: 'check the ids, or import a catalog that has them',
    details: { provider_id: shown(providerId), app_id: appId === DEFAULT_TERMS ? null : shown(appId) },
  });
}
