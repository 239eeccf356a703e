import type { Queryable } from '../db/database.ts';

/** A record of a payout that can't have come about as it stands. */
export interface WrongStep {
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

/**
 * Steps that don't follow on those before, that return other tax than there was, or that the bank's answers don't bear out; answers
 * without a step; invoices that are missing, and such and remittances that don't fit their payout.
 */
export async function wrongSteps(q: Queryable, bucket: number): Promise<WrongStep[]> {
  const { rows } = await q.query<WrongStep>(
    `with step as (
       select payout_id, step_no, status, at, bank_reference, tax_returned_nanos, answer_file_id, reason,
         lag(status) over course as before, row_number() over course as place
       from payout_steps
       where bucket = $1
       window course as (partition by payout_id order by step_no)
     )
     select 'payout ' || payout_id || ' step ' || step_no as "where", 'a step that follows on ' || coalesce(before, 'due') as expected,
       status as found
     from step
     where step_no <> place
       or status not in (case coalesce(before, 'due') when 'due' then 'approved' when 'approved' then 'sent' when 'sent' then 'paid' when 'paid'
         then 'returned' end, case coalesce(before, 'due') when 'due' then 'cancelled' when 'approved' then 'cancelled' when 'sent' then 'returned' end)
     union all
     -- Tax goes back with the payout unless it was remitted before.
     select 'payout ' || payout_id || ' step ' || step_no, 'tax returned: ' || owed, tax_returned_nanos::text
     from (
       select step.*, case when before is null or remitted_at is not null then 0 else tax_nanos end as owed
       from step
       join payouts on payouts.bucket = $1 and payouts.payout_id = step.payout_id
       left join tax_remittances on tax_remittances.bucket = $1 and tax_remittances.payout_id = step.payout_id
       where status in ('cancelled', 'returned')
     ) as ended
     where tax_returned_nanos <> owed
     union all
     select 'payout ' || payout_id || ' ' || status, 'an answer of the bank and a step that agree',
       concat_ws(' ', 'step', step.bank_reference, step.answer_file_id, 'answer', answer.bank_reference, answer.file_id)
     from (select * from step where answer_file_id is not null) as step
     full join (select * from payout_answers where bucket = $1) as answer using (payout_id, status)
     where step.bank_reference is distinct from answer.bank_reference or step.answer_file_id is distinct from answer.file_id
       or step.reason is distinct from answer.reason
     union all
     select 'payout ' || payout_id || ' invoice', 'of ' || payouts.owner_id || ', ' || payouts.amount_nanos,
       payout_invoices.owner_id || ', ' || payout_invoices.amount_nanos
     from payout_invoices
     join payouts using (bucket, payout_id)
     where bucket = $1 and (payouts.owner_id, payouts.amount_nanos) <> (payout_invoices.owner_id, payout_invoices.amount_nanos)
     union all
     select 'payout ' || payout_id || ' step ' || step_no, 'an invoice before it is sent', 'none'
     from payout_steps
     join payouts using (bucket, payout_id)
     where bucket = $1 and status = 'sent' and invoice_required
       and not exists (select from payout_invoices as invoice where (invoice.bucket, invoice.payout_id) = (payouts.bucket, payouts.payout_id))
     union all
     select 'payout ' || payout_id || ' remittance', tax_nanos::text, tax_remittances.amount_nanos::text
     from tax_remittances
     join payouts using (bucket, payout_id)
     where bucket = $1 and tax_nanos <> tax_remittances.amount_nanos
     order by 1, 2`,
    [bucket],
  );
  return rows;
}
