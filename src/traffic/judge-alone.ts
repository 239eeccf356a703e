import type { Queryable } from '../db/database.ts';
import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { AloneReason, TrafficChecks } from './checks.ts';
import { loadPolicies, type PolicyBook } from './policy.ts';
import { compileList, type IsOnList, recordedLists } from './traffic-lists.ts';

/**
 * The checks of one event alone, as one reference version has them. Policies and lists are both recorded, the patterns of bots too,
 * so a later version of the library changes no verdict and every verdict can be repeated.
 */
export class AloneJudge {
  readonly policies: PolicyBook;
  readonly #isBot: IsOnList;
  readonly #isDataCentre: IsOnList;
  #lastDay: BusinessDay | null = null;
  #lastChecks: TrafficChecks | null = null;

  constructor({
    policies,
    isBot,
    isDataCentre,
  }: { readonly policies: PolicyBook; readonly isBot: IsOnList; readonly isDataCentre: IsOnList }) {
    this.policies = policies;
    this.#isBot = isBot;
    this.#isDataCentre = isDataCentre;
  }

  /** Why the event does not count, by itself; null if nothing is known against it. `day` is its business day. */
  reasonOf({ userAgent, ip }: Pick<AdEvent, 'userAgent' | 'ip'>, day: BusinessDay): AloneReason | null {
    if (day !== this.#lastDay) {
      this.#lastDay = day;
      this.#lastChecks = this.policies.on(day);
    }
    const checks = this.#lastChecks;
    if (checks === null) return null;
    if (checks.knownBot && userAgent !== null && this.#isBot(userAgent)) return 'known_bot';
    if (checks.dataCentre && ip !== null && this.#isDataCentre(ip)) return 'data_centre';
    return null;
  }
}

const NEVER: IsOnList = () => false;

export async function loadAloneJudge(q: Queryable, referenceVersion: number): Promise<AloneJudge> {
  const policies = await loadPolicies(q, referenceVersion);
  const judge = { policies, isBot: NEVER, isDataCentre: NEVER };
  if (policies.policies.length === 0) return new AloneJudge(judge);
  for (const list of await recordedLists(q, referenceVersion)) {
    judge[list.name === 'known_bots' ? 'isBot' : 'isDataCentre'] = await compileList(q, list);
  }
  return new AloneJudge(judge);
}
