import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { findStep, type GrantCause } from '../funds/stored-grants.ts';
import { dayOfRun } from '../settlement/runs-of-days.ts';

/** The step of an incentive fund that posted a transfer. */
export interface ExplainedFundStep {
  readonly fund_id: string;
  readonly step: number;
  /** `run`: after one; `rest`: what was lacking when there was money again; `expiry`, `close`: what was left went back. */
  readonly cause: GrantCause;
  /** What it knew of the catalog and of funds. */
  readonly reference_version: number;
  readonly granted_at: string;
  /** The run that it followed. */
  readonly after_run: { readonly run_id: string; readonly business_date: BusinessDay | null } | null;
}

/** Null: what posted it is no step. */
export async function explainFundStep(q: Queryable, runId: string | null): Promise<ExplainedFundStep | null> {
  const step = runId === null ? null : await findStep(q, runId);
  if (step === null) return null;
  return {
    fund_id: step.fundId,
    step: step.grantNo,
    cause: step.cause,
    reference_version: step.referenceVersion,
    granted_at: step.grantedAt.toISOString(),
    after_run: step.runId === null ? null : { run_id: step.runId, business_date: await dayOfRun(q, step.runId) },
  };
}

const WITHOUT_RUN: Record<Exclude<GrantCause, 'run'>, string> = {
  rest: 'which met what had been lacking, when there was money again',
  expiry: 'when the fund expired',
  close: 'when the fund was closed',
};

/** As a section of an explanation. */
export function fundStepLines(step: ExplainedFundStep): string[] {
  const { fund_id, cause, after_run, reference_version, granted_at } = step;
  const why = cause === 'run' ? `after run ${after_run?.run_id} of ${after_run?.business_date}` : WITHOUT_RUN[cause];
  return [
    '',
    `Posted by step ${step.step} of fund ${fund_id}`,
    `  ${why}`,
    `  granted ${granted_at}`,
    `  knew catalog and funds up to version ${reference_version}`,
  ];
}
