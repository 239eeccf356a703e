/** Decisions about traffic, from docs/traffic-quality.md; nothing here comes from the program. */
import type { AcceptedEvent } from './traffic.ts';

export interface SliceFile {
  readonly from: string;
  readonly to: string;
  readonly adUnitId?: string;
  readonly eventType?: 'impression' | 'click';
}

export interface InvalidationFile {
  readonly id: string;
  readonly appId: string;
  /** A slice, or the events of a list: a type and an id a line. */
  readonly slice?: SliceFile;
  readonly events?: string;
  readonly reason: string;
}

interface Invalidation extends InvalidationFile {
  readonly developerId: string;
  stands: boolean;
}

export class ModelInvalidations {
  /** In the order of recording. */
  readonly #all: Invalidation[] = [];
  /** How many were recorded; of reinstatements too. */
  recorded = 0;

  /** Why it is refused, or null; the same under the same id changes nothing. */
  invalidate(file: InvalidationFile, developerId: string, accepted: readonly AcceptedEvent[]): string | null {
    const known = new Set(accepted.map(({ event }) => `${event.type} ${event.id}`));
    if (!eventsOf(file).every(name => known.has(name))) return 'bad_event_list';
    const before = this.#all.find(({ id }) => id === file.id);
    if (before !== undefined) return textOf(before) === textOf(file) ? null : 'invalidation_differs';
    this.#all.push({ ...file, developerId, stands: true });
    this.recorded += 1;
    return null;
  }

  reinstate(id: string): string | null {
    const invalidation = this.#all.find(each => each.id === id);
    if (invalidation === undefined) return 'unknown_invalidation';
    if (invalidation.stands) this.recorded += 1;
    invalidation.stands = false;
    return null;
  }

  /** Of those that stand, the one that was recorded first. */
  of(accepted: AcceptedEvent): InvalidationFile | null {
    return this.#all.find(each => each.stands && names(each, accepted)) ?? null;
  }
}

function names(invalidation: Invalidation, { event, developerId, day }: AcceptedEvent): boolean {
  if (invalidation.developerId !== developerId) return false;
  const { slice, appId } = invalidation;
  if (slice === undefined) return eventsOf(invalidation).includes(`${event.type} ${event.id}`);
  const { from, to, adUnitId = event.adUnitId, eventType = event.type } = slice;
  return event.appId === appId && from <= day && day <= to && event.adUnitId === adUnitId && event.type === eventType;
}

function eventsOf({ events = '' }: InvalidationFile): string[] {
  return [...new Set(events.split('\n'))].filter(line => line !== '').sort();
}

function textOf(file: InvalidationFile): string {
  const { appId, slice, reason } = file;
  return JSON.stringify([
    appId,
    reason,
    eventsOf(file),
    slice && [slice.from, slice.to, slice.adUnitId, slice.eventType],
  ]);
}
