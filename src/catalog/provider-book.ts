import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { parseShare } from '../domain/tiers.ts';
import { DEFAULT_TERMS, type ProviderTerms, type StoredTerm, termOn } from './provider-terms.ts';

/** Terms as the developer's side confirmed them. */
export interface ConfirmedTerms extends ProviderTerms {
  /** What recorded the terms. */
  readonly termsVersion: number;
  /** What recorded the confirmation. */
  readonly confirmationVersion: number;
  /** The local date of recording: the confirmation acts on no earlier day. */
  readonly confirmedOn: BusinessDay;
  /** Who confirmed. */
  readonly actor: string;
}

/** The one of confirmed terms' terms that covers a day. */
export interface ConfirmedTerm extends Omit<ConfirmedTerms, 'terms' | 'providerId' | 'appId'> {
  readonly term: StoredTerm;
}

/** Who takes a part of an app's developer's total on a day. */
export interface ProviderOfDay {
  readonly providerId: string;
  /** In millionths of the developer's total. */
  readonly ratioPpm: bigint;
  readonly engagement: ConfirmedTerm;
  /** Where the engagement's ratio comes from; null if it has its own. */
  readonly defaultRatio: ConfirmedTerm | null;
}

/** Which provider's part an app's day bears, by what any one reference version knows. */
export class ProviderBook {
  /** In the order of recording. */
  readonly #engagements = new Map<string, ConfirmedTerms[]>();
  readonly #defaultRatios = new Map<string, ConfirmedTerms[]>();

  constructor(confirmations: Iterable<ConfirmedTerms>) {
    const inOrder = [...confirmations].sort((a, b) => a.confirmationVersion - b.confirmationVersion);
    for (const each of inOrder) {
      if (each.appId === DEFAULT_TERMS) addTo(this.#defaultRatios, each.providerId, each);
      else addTo(this.#engagements, each.appId, each);
    }
  }

  /**
   * From the local date of a confirmation on, what it confirmed is all that holds between this provider and the app, until the next
   * one. Of providers that both cover a day, which takes a change that was confirmed only in part, the one confirmed last has it.
   * Null: no part, for want of an engagement or of a ratio.
   */
  providerOn({
    appId,
    day,
    referenceVersion,
  }: {
    readonly appId: string;
    readonly day: BusinessDay;
    readonly referenceVersion: number;
  }): ProviderOfDay | null {
    const ofApp = this.#engagements.get(appId);
    if (ofApp === undefined) return null;
    const acting = (all: readonly ConfirmedTerms[]) =>
      all.filter(each => each.confirmationVersion <= referenceVersion && each.confirmedOn <= day);
    const decided = new Set<string>();
    for (const terms of acting(ofApp).reverse()) {
      const { providerId } = terms;
      if (decided.has(providerId)) continue;
      decided.add(providerId);
      const engagement = covering(terms, day);
      if (engagement === null) continue;
      const last =
        engagement.term.ratio === null ? acting(this.#defaultRatios.get(providerId) ?? []).at(-1) : undefined;
      const defaultRatio = last === undefined ? null : covering(last, day);
      const ratio = engagement.term.ratio ?? defaultRatio?.term.ratio ?? null;
      return ratio === null ? null : { providerId, ratioPpm: parseShare(ratio), engagement, defaultRatio };
    }
    return null;
  }
}

interface ConfirmedUpTo {
  readonly referenceVersion: number;
  readonly appIds: Iterable<string> | null;
}

/**
 * What was confirmed up to `referenceVersion`: of the given apps, of all apps if null. Where nothing was ever confirmed this is one
 * small question, whatever the number of apps.
 */
export async function loadProviders(q: Queryable, of: ConfirmedUpTo): Promise<ProviderBook> {
  const { rows: known } = await q.query<{ any: boolean }>(
    'select exists (select from provider_confirmations where reference_version <= $1) as any',
    [of.referenceVersion],
  );
  return known[0]?.any === true ? await loadProvidersOf(q, of) : new ProviderBook([]);
}

/** The same in one question. */
export async function loadProvidersOf(
  q: Queryable,
  { referenceVersion, appIds }: ConfirmedUpTo,
): Promise<ProviderBook> {
  const { rows } = await q.query<ConfirmedTerms>(
    `${SELECT_CONFIRMED}
     where c.reference_version <= $1${appIds === null ? '' : ` and (c.app_id = '${DEFAULT_TERMS}' or c.app_id = any ($2))`}`,
    appIds === null ? [referenceVersion] : [referenceVersion, [...new Set(appIds)]],
  );
  return new ProviderBook(rows);
}

/** Every app that the provider was ever confirmed for, with its developer. */
export async function appsEverConfirmed(
  q: Queryable,
  providerId: string,
): Promise<{ readonly appId: string; readonly developerId: string }[]> {
  const { rows } = await q.query<{ appId: string; developerId: string }>(
    `select distinct c.app_id as "appId", a.developer_id as "developerId"
     from provider_confirmations c
     join apps a on a.app_id = c.app_id
     where c.provider_id = $1`,
    [providerId],
  );
  return rows;
}

const SELECT_CONFIRMED = `select c.provider_id as "providerId", c.app_id as "appId", t.terms, c.terms_version as "termsVersion",
       c.reference_version as "confirmationVersion", c.confirmed_on as "confirmedOn", c.actor
     from provider_confirmations c
     join provider_terms t
       on t.provider_id = c.provider_id and t.app_id = c.app_id and t.reference_version = c.terms_version`;

function covering({ terms, providerId: _, appId: __, ...confirmation }: ConfirmedTerms, day: BusinessDay) {
  const term = termOn(terms, day);
  return term === null ? null : { ...confirmation, term };
}

function addTo(lists: Map<string, ConfirmedTerms[]>, key: string, terms: ConfirmedTerms): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [terms]);
  else list.push(terms);
}
