import type { BusinessDay } from '../domain/business-day.ts';
import { money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type BookTransfer, movedOn } from '../ledger/book-transfers.ts';
import type { ProviderApp, ProviderFigures, StatementDay } from './statement-form.ts';
import { type AppOnDay, byDay, type ProviderShare, statusOf } from './statement-lines.ts';

/** What a service provider's days of one half and currency are made of. */
export interface ProviderDays {
  readonly currency: string;
  readonly providerId: string;
  /** The parts posted for these days. */
  readonly settled: readonly BookTransfer[];
  readonly isPending: (app: AppOnDay) => boolean;
  readonly nameOf: (appId: string) => string;
  readonly developerOf: (appId: string) => string;
  /** Who has the app by what the run knew. */
  readonly providerOf: (app: AppOnDay, runId: string | null) => ProviderShare | null;
  /** What the developer's side of the app's day came to in the period, parts of providers included. */
  readonly totalOf: (app: AppOnDay) => Nanos | null;
}

export function providerLines(of: ProviderDays): {
  readonly days: StatementDay<ProviderApp>[];
  readonly totals: ProviderFigures;
} {
  const { currency } = of;
  let totalNanos = 0n;
  const days = byDay(of.settled, row => row.businessDay).map(([date, ofDay]) => {
    const day = date as BusinessDay;
    const apps = byDay(ofDay, row => row.appId).map(([appId, rows]) => {
      const app = { appId, day, currency };
      const behind = of.providerOf(app, rows.at(-1)?.runId ?? null);
      const ratio = behind?.id === of.providerId ? behind.ratio : null;
      const total = ratio === null ? null : of.totalOf(app);
      totalNanos += total ?? 0n;
      return {
        app_id: appId,
        name: of.nameOf(appId),
        developer_id: of.developerOf(appId),
        status: of.isPending(app) ? ('pending' as const) : ('settled' as const),
        developer_total: total === null ? null : money(total, currency),
        ratio,
        provider_share: money(movedOn('payable', rows), currency),
      };
    });
    return { date: day, status: statusOf(apps), apps };
  });
  const totals = {
    developer_total: money(nanos(totalNanos), currency),
    provider_share: money(movedOn('payable', of.settled), currency),
  };
  return { days, totals };
}
