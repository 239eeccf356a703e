import { hash } from 'node:crypto';

export const DECISION_STATUSES = ['proposed', 'applied', 'rejected', 'withdrawn', 'expired'] as const;

/** `proposed` and `expired` follow from the clock; the others are recorded. */
export type DecisionStatus = (typeof DECISION_STATUSES)[number];

export type Evidence = { readonly text: string } | { readonly file: string; readonly sha256: string };

/** What somebody proposes, as it is recorded. */
export interface Proposal {
  readonly decisionId: string;
  readonly kind: string;
  /** JSON as the kind's schema makes it. */
  readonly parameters: unknown;
  readonly reason: string;
  readonly evidence: readonly Evidence[];
  /** Nobody can decide it from then on; null: never. */
  readonly expiresAt: Date | null;
}

/** How a decision ended. */
export interface Outcome {
  readonly outcome: 'applied' | 'rejected' | 'withdrawn';
  readonly actor: string;
  readonly note: string | null;
  readonly decidedAt: Date;
}

export interface Decision extends Proposal {
  readonly proposedBy: string;
  readonly proposedAt: Date;
  readonly outcome: Outcome | null;
}

export function statusAt({ outcome, expiresAt }: Pick<Decision, 'outcome' | 'expiresAt'>, at: Date): DecisionStatus {
  if (outcome !== null) return outcome.outcome;
  return expiresAt !== null && expiresAt <= at ? 'expired' : 'proposed';
}

/** Whether two proposals ask for the same, whatever the order of their fields. */
export function isSameProposal(one: Proposal, other: Proposal): boolean {
  return canonical(termsOf(one)) === canonical(termsOf(other));
}

/** SHA-256, as hex, over all that is recorded when a decision is proposed. */
export function digestOf(decision: Omit<Decision, 'outcome'>): string {
  const { proposedBy, proposedAt } = decision;
  return hash('sha256', canonical({ ...termsOf(decision), proposedBy, proposedAt: proposedAt.toISOString() }), 'hex');
}

function termsOf({ decisionId, kind, parameters, reason, evidence, expiresAt }: Proposal) {
  return { decisionId, kind, parameters, reason, evidence, expiresAt: expiresAt?.toISOString() ?? null };
}

/** JSON with the fields of every object in order, for the database keeps no order of them. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
