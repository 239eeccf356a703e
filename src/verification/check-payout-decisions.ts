import type pg from 'pg';
import type { Decision } from '../decisions/decision.ts';
import { cancelPayoutKind } from '../decisions/kinds/cancel-payout.ts';
import { payouts } from '../decisions/kinds/payouts.ts';
import { remitTaxKind } from '../decisions/kinds/remit-tax.ts';
import { appliedOfKinds, findDecisions } from '../decisions/stored-decisions.ts';
import { formatDecimal, parseAmount } from '../domain/nanos.ts';
import { parsePeriod } from '../domain/period.ts';
import {
  type DecidedRemittance,
  type DecidedSteps,
  decidedRemittances,
  decidedSteps,
  dueOfBatches,
} from '../payouts/decided-moves.ts';
import { type Difference, NOTHING } from './difference.ts';

type Told = { readonly expected: string; readonly found: string };

/**
 * Compares what was done to payouts with the decisions that name it: an approval leaves nothing of its batch due, a cancellation is of
 * its one payout, and tax is remitted as far as was decided.
 */
export async function checkPayoutDecisions(
  client: pg.ClientBase,
  { report }: { readonly report: (difference: Difference) => void },
): Promise<void> {
  const steps = Map.groupBy(await decidedSteps(client), each => each.decisionId);
  const remittances = Map.groupBy(await decidedRemittances(client), each => each.decisionId);
  const due = await dueOfBatches(client);
  const applied = await appliedOfKinds(client, [payouts.name, cancelPayoutKind.name, remitTaxKind.name]);
  const decisionIds = [...new Set([...applied, ...steps.keys(), ...remittances.keys()])];
  const decisions = new Map((await findDecisions(client, decisionIds)).map(each => [each.decisionId, each]));
  for (const decisionId of decisionIds.sort()) {
    const decision = decisions.get(decisionId) ?? null;
    const where = `decision ${decisionId}`;
    const ofSteps = toldSteps(decision, { steps: steps.get(decisionId) ?? [], due });
    if (ofSteps.expected !== ofSteps.found) report({ table: 'payout_steps', where, ...ofSteps });
    const ofTax = toldRemittances(decision, remittances.get(decisionId) ?? []);
    if (ofTax.expected !== ofTax.found) report({ table: 'tax_remittances', where, ...ofTax });
  }
}

function toldSteps(
  decision: Decision | null,
  { steps, due }: { readonly steps: readonly DecidedSteps[]; readonly due: ReadonlyMap<string, number> },
): Told {
  const tell = (batch: string, what: string) => `of batch ${batch} ${what}`;
  const found = steps.map(({ batchId, approved, cancelled, reference }) => {
    if (decision?.kind === cancelPayoutKind.name) {
      return tell(batchId, `${approved} approved and ${cancelled} cancelled, first ${reference}`);
    }
    return tell(batchId, `${due.get(batchId) ?? 0} left due`);
  });
  const did = found.length === 0 ? NOTHING : found.join(', ');
  if (decision?.outcome?.outcome !== 'applied') return { expected: NOTHING, found: did };
  if (decision.kind === payouts.name) {
    const { batch } = payouts.parameters.parse(decision.parameters);
    return { expected: tell(batch, '0 left due'), found: did };
  }
  if (decision.kind === cancelPayoutKind.name) {
    const { payout } = cancelPayoutKind.parameters.parse(decision.parameters);
    return { expected: tell(steps[0]?.batchId ?? 'of it', `0 approved and 1 cancelled, first ${payout}`), found: did };
  }
  return { expected: NOTHING, found: did };
}

function toldRemittances(decision: Decision | null, remittances: readonly DecidedRemittance[]): Told {
  const isApplied = decision?.kind === remitTaxKind.name && decision.outcome?.outcome === 'applied';
  const asked = isApplied ? remitTaxKind.parameters.parse(decision.parameters) : null;
  if (asked === null) return { expected: NOTHING, found: remittances.length === 0 ? NOTHING : 'remitted tax' };
  const { lastDay } = parsePeriod(asked.through);
  const isAsked = (of: DecidedRemittance) =>
    of.currency === asked.currency && of.country === (asked.country ?? of.country) && (of.lastDay ?? '9999') <= lastDay;
  const sum = remittances.reduce((total, each) => total + each.amountNanos, 0n);
  const amount = asked.amount === null ? sum : parseAmount(asked.amount);
  const found = remittances
    .filter(each => !isAsked(each))
    .map(each => `tax of ${each.country} withheld on ${each.lastDay}`);
  const terms = `${asked.currency}${asked.country === null ? '' : ` of ${asked.country}`} withheld up to ${asked.through}`;
  return {
    expected: `${sum === 0n ? 'some tax' : formatDecimal(amount, 2)} ${terms}`,
    found: [`${formatDecimal(sum, 2)} ${terms}`, ...found].join(', '),
  };
}
