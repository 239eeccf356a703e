import { Refusal } from '../domain/errors.ts';

/** A decision for somebody to complete and propose instead of what was refused. */
export interface ReadyDecision {
  readonly id?: string;
  readonly kind: string;
  readonly parameters: object;
  readonly reason: string;
  readonly evidence: readonly { readonly text: string }[];
}

/** For whoever proposes it to fill in. */
export const BLANK = '…';

/** `reason` where it is known already. */
export function readyDecision(
  kind: string,
  parameters: object,
  { id, reason }: { readonly id?: string; readonly reason?: string | null } = {},
): ReadyDecision {
  const named = id === undefined ? {} : { id };
  return { ...named, kind, parameters, reason: reason ?? BLANK, evidence: [{ text: BLANK }] };
}

/** What to do with it, for a refusal. */
export function proposeInstead(decision: ReadyDecision): string {
  const place = 'file' in decision.parameters ? 'a file beside that one' : 'a file';
  return `propose it: write ${JSON.stringify(decision)} with your own words for each ${BLANK} to ${place}, and give that to "apportion decisions propose"`;
}

/** Of a file with entries that one person may not record alone. */
export function needsDecision({
  added,
  changed,
  what,
  kind,
  source,
  parameters,
}: {
  readonly added: number;
  readonly changed: number;
  readonly what: string;
  readonly kind: string;
  readonly source: string;
  /** Of the decision to propose instead, the files beside it by their names. */
  readonly parameters: { readonly file: string };
}): Refusal {
  const decision = readyDecision(kind, parameters);
  return new Refusal({
    code: 'needs_decision',
    message: `${source}: ${added} ${what} would be added and ${changed} changed, which takes two persons since persons are on record`,
    remedy: `${proposeInstead(decision)}; nothing of the file was taken`,
    details: { source, added, changed, decision },
  });
}
