import { hash } from 'node:crypto';
import type pg from 'pg';
import { identityText } from '../domain/ad-event.ts';
import { type BusinessCalendar, type BusinessDay, parseBusinessDay } from '../domain/business-day.ts';
import { AcceptedEvents } from './accepted-events.ts';
import { batchesAt } from './batches-of-day.ts';
import { findIdentities } from './identities.ts';
import { claimedAt, HEAD_BYTES, IDENTITY_TAIL_BYTES, type IdentityColumns, TAIL_BYTES } from './identity.ts';

export interface EventName {
  readonly type: 'impression' | 'click';
  readonly id: string;
}

/** Every business day. */
export const EVER = { from: parseBusinessDay('0001-01-01'), to: parseBusinessDay('9999-12-31') };

/** Where an accepted event stands. */
export interface AcceptedPlace {
  readonly appId: string;
  readonly businessDay: BusinessDay;
}

/** App and business day of each of the named events of a developer, by its place; null where no such event was accepted. */
export async function findAccepted<Name extends EventName>(
  tx: pg.ClientBase,
  {
    bucket,
    developerId,
    calendar,
    names,
  }: {
    readonly bucket: number;
    readonly developerId: string;
    readonly calendar: BusinessCalendar;
    readonly names: readonly Name[];
  },
): Promise<(AcceptedPlace | null)[]> {
  const identities = identitiesOf(developerId, names);
  const found = await findIdentities(tx, bucket, [identities]);
  const claims = found.entriesFrom(0);
  const seqs = new Set<number>();
  for (const place of names.keys()) {
    const claim = found.find(identities, place);
    if (claim >= 0) seqs.add(claimedAt(claims, claim).seq);
  }
  const wanted = new Set(names.map(keyOf));
  const places = new Map<string, AcceptedPlace>();
  const developerIds = new Set([developerId]);
  for (const seq of seqs) {
    // A reader of its own for each batch, so that only one is held at a time.
    const events = new AcceptedEvents(tx, { bucket, calendar, cutoffSeq: seq, developerIds });
    for (const batch of await batchesAt(tx, { bucket, seqs: [seq] })) {
      await events.scanBatch(batch, EVER, ({ event, businessDay }) => {
        const key = keyOf(event);
        if (wanted.has(key)) places.set(key, { appId: event.appId, businessDay });
      });
    }
  }
  return names.map(name => places.get(keyOf(name)) ?? null);
}

function keyOf({ type, id }: EventName): string {
  return `${type} ${id}`;
}

/** To be looked up: neither content nor batch is known. */
export function identitiesOf(developerId: string, names: readonly EventName[]): IdentityColumns {
  const heads = new Float64Array(names.length);
  const tails = Buffer.alloc(names.length * TAIL_BYTES);
  for (const [place, { type, id }] of names.entries()) {
    const digest = hash('sha256', identityText(developerId, type, id), 'buffer');
    heads[place] = digest.readUIntBE(0, HEAD_BYTES);
    digest.copy(tails, place * TAIL_BYTES, HEAD_BYTES, HEAD_BYTES + IDENTITY_TAIL_BYTES);
  }
  return { heads, tails };
}
