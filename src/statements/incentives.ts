import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type BookTransfer, movedOn } from '../ledger/book-transfers.ts';

/** What a fund added to the share of a day, over all apps. */
export interface StatementIncentive {
  readonly fund_id: string;
  readonly date: BusinessDay;
  readonly amount: Money;
  readonly apps: readonly { readonly app_id: string; readonly amount: Money }[];
}

/** What funds awarded in one currency, by fund and day; days on which all was taken back stand there with nothing. */
export function incentivesAmong(transfers: readonly BookTransfer[]): StatementIncentive[] {
  const byDay = [...Map.groupBy(transfers, each => `${each.fundId}\0${each.businessDay}`)];
  return byDay
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, ofDay]) => {
      const [first] = ofDay;
      if (first === undefined) return [];
      const { currency } = first;
      const byApp = [...Map.groupBy(ofDay, each => each.appId ?? '')].sort(([a], [b]) => (a < b ? -1 : 1));
      return [
        {
          fund_id: first.fundId as string,
          date: first.businessDay as BusinessDay,
          amount: money(movedOn('payable', ofDay), currency),
          apps: byApp.map(([app_id, ofApp]) => ({ app_id, amount: money(movedOn('payable', ofApp), currency) })),
        },
      ];
    });
}
