import { Refusal } from './errors.ts';
import { shown } from './shown.ts';

declare const brand: unique symbol;

/** The owner of a book: a developer, a service provider, an incentive fund, or `_unassigned`; one namespace. */
export type OwnerId = string & { readonly [brand]: { readonly owner: true } };
export type DeveloperId = string & { readonly [brand]: { readonly owner: true; readonly developer: true } };
export type AppId = string & { readonly [brand]: { readonly app: true } };
export type AdUnitId = string & { readonly [brand]: { readonly adUnit: true } };
export type CampaignId = string & { readonly [brand]: { readonly campaign: true } };

export const MAX_ID_LENGTH = 64;

/** Owner of the lines whose app no catalog knows. */
export const UNASSIGNED = '_unassigned' as OwnerId;

/** 1 to 64 printable ASCII characters, the space among them. */
export function isId(text: string): boolean {
  return text.length !== 0 && isPrintableAscii(text, MAX_ID_LENGTH);
}

/** How names of actors begin that are no persons: the program's own schedules, and logins of the system. */
export const RESERVED_PREFIXES = ['system:', 'os:'] as const;

/** Whether somebody may say that they act under this name: else anybody could sign as the program itself. */
export function isActor(text: string): boolean {
  return isId(text) && !RESERVED_PREFIXES.some(prefix => text.toLowerCase().startsWith(prefix));
}

/** The id as a branded type; refuses (`bad_id`) what is not one. */
export function parseId<T extends OwnerId | AppId | AdUnitId | CampaignId>(text: string): T {
  if (!isId(text)) {
    throw new Refusal({
      code: 'bad_id',
      message: `${shown(text)} is not an id`,
      details: { id: shown(text) },
      remedy: `use 1 to ${MAX_ID_LENGTH} printable ASCII characters`,
    });
  }
  return text as T;
}

/** Only U+0020 to U+007E, at most `maxLength` of them; the empty string passes. */
export function isPrintableAscii(text: string, maxLength: number): boolean {
  const length = text.length;
  if (length > maxLength) return false;
  for (let i = 0; i < length; i++) {
    const char = text.charCodeAt(i);
    if (char < 0x20 || char > 0x7e) return false;
  }
  return true;
}
