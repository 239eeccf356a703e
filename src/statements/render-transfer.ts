import type { TransferRow } from '../ledger/transfer-row.ts';
import { fundStepLines } from './explain-fund-step.ts';
import { payoutLines } from './explain-payout.ts';
import type { ExplainedDecision, TransferArithmetic, TransferExplanation } from './explain-transfer.ts';
import { dayTitle, knowledgeOf, nameOf, worthWithTraffic } from './render-explanation.ts';
import { grouped } from './text-table.ts';

/** One transfer as finance reads it on a terminal: what it is, what posted it, and why it is just that much. */
export function renderTransfer(explanation: TransferExplanation): string {
  const { transfer, corrects, corrected_by, linked, run, fund_step, payout, decision, arithmetic, day } = explanation;
  const { amount, reason, version, app_id, business_date } = transfer;
  const lines = [
    `Transfer ${transfer.id}`,
    `${version === null ? '' : `version ${version} `}${reason}: ${movement(transfer)} ${amount.currency}`,
    `in the book of ${transfer.developer_id}${app_id === null ? '' : `, for app ${app_id}`}${business_date === null ? '' : ` on ${business_date}`}`,
    `booked ${transfer.booked_at}, filed in ${transfer.period}`,
    ...(corrects === null ? [] : relatedLines('corrects', corrects)),
    ...(corrected_by === null ? [] : relatedLines('corrected by', corrected_by)),
    ...(linked === null ? [] : relatedLines(`linked with, in the book of ${linked.developer_id},`, linked)),
    ...(run === null
      ? []
      : ['', `Posted by run ${run.run_id}`, `  finished ${run.finished_at}`, `  knew ${knowledgeOf(run)}`]),
    ...(fund_step === null ? [] : fundStepLines(fund_step)),
    ...(payout === null ? [] : payoutLines(payout)),
    ...(decision === null ? [] : decisionLines(decision)),
    ...(arithmetic === null ? [] : arithmeticLines(transfer, arithmetic)),
    ...(day === null ? [] : ['', `What the run knew of ${dayTitle(day)}`, ...worthWithTraffic(day.item)]),
  ];
  return `${lines.join('\n')}\n`;
}

function movement({ debit, credit, amount }: TransferRow): string {
  return `${debit} → ${credit} ${grouped(amount.amount)}`;
}

function relatedLines(relation: string, transfer: TransferRow): string[] {
  const version = transfer.version === null ? '' : `version ${transfer.version}, `;
  return [`${relation} ${transfer.id}`, `  ${version}${movement(transfer)}, booked ${transfer.booked_at}`];
}

function decisionLines({ id, kind, reason, note, ...by }: ExplainedDecision): string[] {
  return [
    '',
    `Posted by decision ${id} (${kind}): ${reason}`,
    `  proposed by ${by.proposed_by} ${by.proposed_at}`,
    ...(by.approved_by === null ? [] : [`  approved by ${by.approved_by} ${by.approved_at}`]),
    ...(note === null ? [] : [`  note: ${note}`]),
  ];
}

function arithmeticLines(
  { reason, provider_id }: TransferRow,
  { worth_after, posted_before, difference, adds_up }: TransferArithmetic,
): string[] {
  const part = reason === 'provider_income' ? 'provider_share' : reason;
  const name = nameOf({ reason: part, ...(provider_id === null ? {} : { provider_id }), amount: difference });
  const isLess = difference.amount.startsWith('-');
  return [
    '',
    `Why it is this much: the ${name}`,
    `  worth then − posted before = ${grouped(worth_after.amount)} − ${grouped(posted_before.amount)} = ${grouped(difference.amount)}`,
    ...(isLess ? ['  less than was posted, so the transfer takes it back'] : []),
    ...(adds_up ? [] : ['  WHICH IS NOT WHAT THE TRANSFER MOVES, run verify']),
  ];
}
