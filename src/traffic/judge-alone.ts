import type { Queryable } from '../db/database.ts';
import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { AloneReason, TrafficChecks } from './checks.ts';
import { loadPolicies, type PolicyBook } from './policy.ts';
import { compileList, type IsOnList, recordedLists } from './traffic-lists.ts';

/** Of one day; null where a check is off or has no list. */
export interface AloneChecks {
  readonly isBot: IsOnList | null;
  readonly isDataCentre: IsOnList | null;
}

/**
 * The checks of one event alone, as one reference version has them. Policies and lists are both recorded, the patterns of bots too,
 * so a later version of the library changes no verdict and every verdict can be repeated.
 */
export class AloneJudge {
  readonly policies: PolicyBook;
  readonly #isBot: IsOnList | null;
  readonly #isDataCentre: IsOnList | null;
  readonly #asked = new Map<BusinessDay, AloneChecks | null>();

  constructor({
    policies,
    isBot,
    isDataCentre,
  }: {
    readonly policies: PolicyBook;
    /** Null where no list is recorded: nobody is on it. */
    readonly isBot: IsOnList | null;
    readonly isDataCentre: IsOnList | null;
  }) {
    this.policies = policies;
    this.#isBot = isBot;
    this.#isDataCentre = isDataCentre;
  }

  /** What is asked of the events of a business day; null: nothing. */
  askedOn(day: BusinessDay): AloneChecks | null {
    let asked = this.#asked.get(day);
    if (asked === undefined) {
      asked = this.#checksOf(this.policies.on(day));
      this.#asked.set(day, asked);
    }
    return asked;
  }

  /** Why the event does not count, by itself; null if nothing is known against it. `day` is its business day. */
  reasonOf({ userAgent, ip }: Pick<AdEvent, 'userAgent' | 'ip'>, day: BusinessDay): AloneReason | null {
    const asked = this.askedOn(day);
    if (asked === null) return null;
    if (userAgent !== null && asked.isBot?.(userAgent) === true) return 'known_bot';
    if (ip !== null && asked.isDataCentre?.(ip) === true) return 'data_centre';
    return null;
  }

  #checksOf(checks: TrafficChecks | null): AloneChecks | null {
    const isBot = checks?.knownBot === true ? this.#isBot : null;
    const isDataCentre = checks?.dataCentre === true ? this.#isDataCentre : null;
    return isBot === null && isDataCentre === null ? null : { isBot, isDataCentre };
  }
}

export async function loadAloneJudge(q: Queryable, referenceVersion: number): Promise<AloneJudge> {
  const policies = await loadPolicies(q, referenceVersion);
  const lists: Record<'isBot' | 'isDataCentre', IsOnList | null> = { isBot: null, isDataCentre: null };
  const recorded = policies.policies.length === 0 ? [] : await recordedLists(q, referenceVersion);
  for (const list of recorded) {
    lists[list.name === 'known_bots' ? 'isBot' : 'isDataCentre'] = await compileList(q, list);
  }
  return new AloneJudge({ policies, ...lists });
}
