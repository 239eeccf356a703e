import { hash } from 'node:crypto';
import { type AdEvent, contentText, identityText } from '../domain/ad-event.ts';

/** Who an event claims to be, and what it says, as hashes: two events are the same one exactly if both agree. */
export interface EventIdentity {
  /** First 16 bytes of SHA-256 over developer, type and id: 32 hexadecimal digits. */
  readonly identity: string;
  /** First 8 bytes of SHA-256 over the content: a signed 64-bit integer as decimal text. */
  readonly content: string;
}

/** An identity with the batch that claimed it, by its place in the bucket's recorded order. */
export interface ClaimedIdentity extends EventIdentity {
  readonly seq: number;
}

export function identityOf(developerId: string, event: AdEvent): EventIdentity {
  return {
    identity: hash('sha256', identityText(developerId, event.type, event.id), 'hex').slice(0, 32),
    content: BigInt.asIntN(64, BigInt(`0x${hash('sha256', contentText(event), 'hex').slice(0, 16)}`)).toString(),
  };
}
