import type { AdEvent } from '../domain/ad-event.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** A decision that traffic does not count: of an app's slice, late events included, or of single events of its developer. */
export interface Invalidation {
  readonly invalidationId: string;
  readonly developerId: string;
  readonly appId: string;
  /** Null: of all ad units, of both types. */
  readonly adUnitId: string | null;
  readonly eventType: AdEvent['type'] | null;
  readonly fromDay: BusinessDay;
  readonly toDay: BusinessDay;
  /** Instead of a slice, these: see `eventKey`. */
  readonly events: ReadonlySet<string> | null;
  readonly reason: string;
}

/** An accepted event by what a decision can name of it. */
export interface NamedEvent {
  readonly developerId: string;
  readonly businessDay: BusinessDay;
  readonly event: Pick<AdEvent, 'id' | 'type' | 'appId' | 'adUnitId'>;
}

/** An event among those of its developer. A type has no space, so the two parts can't be mistaken. */
export function eventKey({ type, id }: Pick<AdEvent, 'type' | 'id'>): string {
  return `${type} ${id}`;
}

/** The standing decisions about some developers' traffic. */
export class InvalidationBook {
  readonly #byDeveloper: ReadonlyMap<string, readonly Invalidation[]>;

  /** In the order in which they were recorded: the first that names an event gives the reason. */
  constructor(standing: readonly Invalidation[]) {
    this.#byDeveloper = Map.groupBy(standing, invalidation => invalidation.developerId);
  }

  get isEmpty(): boolean {
    return this.#byDeveloper.size === 0;
  }

  /** The decision that makes the event invalid, the first recorded if there are several; null if there is none. */
  of(named: NamedEvent): Invalidation | null {
    return this.#byDeveloper.get(named.developerId)?.find(invalidation => names(invalidation, named)) ?? null;
  }
}

/** The event that a key of `eventKey` names. */
export function eventNamed(key: string): Pick<AdEvent, 'type' | 'id'> {
  const space = key.indexOf(' ');
  return { type: key.slice(0, space) === 'click' ? 'click' : 'impression', id: key.slice(space + 1) };
}

function names(
  { appId, adUnitId, eventType, fromDay, toDay, events }: Invalidation,
  { event, businessDay }: NamedEvent,
): boolean {
  if (events !== null) return events.has(eventKey(event));
  return (
    event.appId === appId &&
    businessDay >= fromDay &&
    businessDay <= toDay &&
    (adUnitId === null || event.adUnitId === adUnitId) &&
    (eventType === null || event.type === eventType)
  );
}
