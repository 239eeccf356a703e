import type { Queryable } from '../db/database.ts';
import { type Decision, type DecisionStatus, digestOf, type Evidence, type Outcome } from './decision.ts';

interface StoredDecision {
  readonly decision_id: string;
  readonly kind: string;
  readonly parameters: unknown;
  readonly reason: string;
  readonly evidence: readonly Evidence[];
  readonly proposed_by: string;
  readonly proposed_at: Date;
  readonly expires_at: Date | null;
  readonly digest: string;
  readonly outcome: Outcome['outcome'] | null;
  readonly actor: string;
  readonly note: string | null;
  readonly decided_at: Date;
}

const SELECT = `select decision_id, kind, parameters, reason, evidence, d.proposed_by, proposed_at,
    nullif(d.expires_at, 'infinity') as expires_at, encode(digest, 'hex') as digest, outcome, actor, note, decided_at
  from decisions as d
  left join decision_outcomes using (decision_id)`;

/** Records a proposal; false if its id is taken. Waits for whoever is about to record the same id. */
export async function insertDecision(q: Queryable, decision: Omit<Decision, 'outcome'>): Promise<boolean> {
  const { rowCount } = await q.query(
    `insert into decisions (decision_id, kind, parameters, reason, evidence, proposed_by, proposed_at, expires_at, digest)
     values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, 'infinity'::timestamptz), decode($9, 'hex'))
     on conflict (decision_id) do nothing`,
    [
      decision.decisionId,
      decision.kind,
      JSON.stringify(decision.parameters),
      decision.reason,
      JSON.stringify(decision.evidence),
      decision.proposedBy,
      decision.proposedAt,
      decision.expiresAt,
      digestOf(decision),
    ],
  );
  return rowCount === 1;
}

/** Records how a decision ended; false if it has ended already. Waits for whoever is about to end it. */
export async function insertOutcome(
  q: Queryable,
  { decisionId, proposedBy, expiresAt }: Decision,
  { outcome, actor, note, decidedAt }: Outcome,
): Promise<boolean> {
  const { rowCount } = await q.query(
    `insert into decision_outcomes (decision_id, proposed_by, expires_at, outcome, actor, note, decided_at)
     values ($1, $2, coalesce($3, 'infinity'::timestamptz), $4, $5, $6, $7)
     on conflict (decision_id) do nothing`,
    [decisionId, proposedBy, expiresAt, outcome, actor, note, decidedAt],
  );
  return rowCount === 1;
}

export async function findDecision(q: Queryable, decisionId: string): Promise<Decision | null> {
  const { rows } = await q.query<StoredDecision>(`${SELECT} where decision_id = $1`, [decisionId]);
  const [row] = rows;
  return row === undefined ? null : decisionOf(row);
}

/** Those of the decisions that there are, in no order. */
export async function findDecisions(q: Queryable, decisionIds: readonly string[]): Promise<Decision[]> {
  const { rows } = await q.query<StoredDecision>(`${SELECT} where decision_id = any ($1)`, [decisionIds]);
  return rows.map(decisionOf);
}

export interface DecisionFilters {
  readonly status?: DecisionStatus | undefined;
  readonly kind?: string | undefined;
  /** Who proposed or decided, in any case. */
  readonly actor?: string | undefined;
}

/** Decisions, the last proposed first, after the given one. */
export async function decisionsInOrder(
  q: Queryable,
  { status, kind, actor }: DecisionFilters,
  {
    at,
    after,
    limit,
  }: {
    readonly at: Date;
    readonly after: { readonly proposedAt: string; readonly decisionId: string } | null;
    readonly limit: number;
  },
): Promise<Decision[]> {
  const { rows } = await q.query<StoredDecision>(
    `${SELECT}
     where ($1::text is null or $1 = coalesce(outcome, case when d.expires_at <= $2 then 'expired' else 'proposed' end))
       and ($3::text is null or kind = $3)
       and ($4::text is null or lower($4 collate "C") in (lower(d.proposed_by collate "C"), lower(actor collate "C")))
       and ($5::timestamptz is null or (proposed_at, decision_id) < ($5, $6::text))
     order by proposed_at desc, decision_id desc
     limit $7`,
    [status ?? null, at, kind ?? null, actor ?? null, after?.proposedAt ?? null, after?.decisionId ?? null, limit],
  );
  return rows.map(decisionOf);
}

/** All decisions by id, with whether each is still what was recorded. */
export async function checkedDecisions(q: Queryable): Promise<{ decision: Decision; intact: boolean }[]> {
  const { rows } = await q.query<StoredDecision>(`${SELECT} order by decision_id collate "C"`);
  return rows.map(row => {
    const decision = decisionOf(row);
    return { decision, intact: digestOf(decision) === row.digest };
  });
}

/** Outcomes that break what the constraints demand of them: of decisions that are not there, or by persons who could not decide so. */
export async function wrongOutcomes(q: Queryable): Promise<string[]> {
  const { rows } = await q.query<{ decisionId: string }>(
    `select decision_id as "decisionId"
     from decision_outcomes as o
     left join decisions as d using (decision_id)
     left join persons on person_id = actor
     where d.decision_id is null or person_id is null or o.proposed_by <> d.proposed_by or o.expires_at <> d.expires_at
       or decided_at >= d.expires_at
       or outcome = case lower(actor collate "C") when lower(d.proposed_by collate "C") then 'applied' else 'withdrawn' end
     order by decision_id collate "C"`,
  );
  return rows.map(row => row.decisionId);
}

/** Those applied decisions that are of these kinds. */
export async function appliedOfKinds(q: Queryable, kinds: readonly string[]): Promise<string[]> {
  const { rows } = await q.query<{ decisionId: string }>(
    `select decision_id as "decisionId"
     from decisions
     join decision_outcomes using (decision_id)
     where outcome = 'applied' and kind = any ($1)
     order by decision_id collate "C"`,
    [kinds],
  );
  return rows.map(row => row.decisionId);
}

function decisionOf(row: StoredDecision): Decision {
  const { outcome, actor, note } = row;
  return {
    decisionId: row.decision_id,
    kind: row.kind,
    parameters: row.parameters,
    reason: row.reason,
    evidence: row.evidence,
    expiresAt: row.expires_at,
    proposedBy: row.proposed_by,
    proposedAt: row.proposed_at,
    outcome: outcome === null ? null : { outcome, actor, note, decidedAt: row.decided_at },
  };
}
