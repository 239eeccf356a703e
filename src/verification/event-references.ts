import type pg from 'pg';
import { loadRateCards, type RateCards } from '../catalog/rate-cards.ts';
import { type AloneJudge, loadAloneJudge } from '../traffic/judge-alone.ts';

/** What a reference version says about events. */
export interface EventReference {
  readonly rateCards: RateCards;
  readonly judge: AloneJudge;
}

/** Versions that are kept: the last ones used. Batches stand in their order, so a bucket asks for each once. */
const MOST_KEPT = 8;

/** Read once for many buckets, since a version never changes. */
export class EventReferences {
  readonly #known = new Map<number, EventReference>();

  async at(client: pg.ClientBase, version: number): Promise<EventReference> {
    const known = this.#known.get(version);
    if (known !== undefined) return known;
    const reference = {
      rateCards: await loadRateCards(client, version),
      judge: await loadAloneJudge(client, version),
    };
    this.#known.set(version, reference);
    for (const [oldest] of this.#known) if (this.#known.size > MOST_KEPT) this.#known.delete(oldest);
    return reference;
  }
}
