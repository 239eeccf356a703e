import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import type { AccountKind } from '../domain/transfer.ts';

/** A transfer as finance sees it: a row of JSON and, with the amount's two fields apart, of CSV. */
export interface TransferRow {
  readonly id: string;
  /** The book's owner. */
  readonly developer_id: string;
  readonly app_id: string | null;
  readonly business_date: BusinessDay | null;
  readonly period: string;
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  /** Always above 0. */
  readonly amount: Money;
  readonly reason: string;
  readonly run_id: string | null;
  readonly version: number | null;
  /** Shared by the halves of a flow between two books; the id of the half that receives. */
  readonly link: string | null;
  /** The transfer that this one corrects. */
  readonly corrects: string | null;
  /** RFC 3339, UTC. */
  readonly booked_at: string;
  /** The service provider whose part it moves. */
  readonly provider_id: string | null;
  /** The decision that caused it, where no run did. */
  readonly decision_id: string | null;
  /** The incentive fund whose award it moves. */
  readonly fund_id: string | null;
  /** The payout of which it is a step. */
  readonly payout_id: string | null;
}

/** What `TRANSFER_COLUMNS` selects; the columns that are not shown make the key of a page. */
export interface StoredTransfer extends Omit<TransferRow, 'amount' | 'booked_at'> {
  readonly bucket: number;
  readonly ledger_date: BusinessDay;
  readonly amount_nanos: string;
  readonly currency: string;
  readonly booked_at: Date;
}

export const TRANSFER_COLUMNS = `bucket, ledger_date, transfer_id as id, developer_id, app_id, business_date, period, debit, credit,
  amount_nanos, currency, reason, run_id, version, link_id as link, corrects_id as corrects, booked_at, provider_id,
  decision_id, fund_id, payout_id`;

export function transferRow(stored: StoredTransfer): TransferRow {
  return {
    id: stored.id,
    developer_id: stored.developer_id,
    app_id: stored.app_id,
    business_date: stored.business_date,
    period: stored.period,
    debit: stored.debit,
    credit: stored.credit,
    amount: money(nanos(BigInt(stored.amount_nanos)), stored.currency),
    reason: stored.reason,
    run_id: stored.run_id,
    version: stored.version,
    link: stored.link,
    corrects: stored.corrects,
    booked_at: stored.booked_at.toISOString(),
    provider_id: stored.provider_id,
    decision_id: stored.decision_id,
    fund_id: stored.fund_id,
    payout_id: stored.payout_id,
  };
}
