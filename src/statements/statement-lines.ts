import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { UnitDay } from '../earnings/days-of-books.ts';
import type { BookTransfer } from '../ledger/book-transfers.ts';
import { ecpmNanos, sharePercent } from './rates.ts';
import type { StatementApp, StatementDay, StatementFigures, StatementUnit } from './statement-form.ts';

export interface AppOnDay {
  readonly appId: string;
  readonly day: BusinessDay;
  readonly currency: string;
}

/** What decided the settled amounts of an app's day. */
export interface DecidedBy {
  readonly planId: string | null;
  readonly provider: ProviderShare | null;
}

export interface ProviderShare {
  readonly id: string;
  /** A decimal string from "0.00" to "1.00". */
  readonly ratio: string;
}

/** What a developer's days of one half and currency are made of. */
export interface DeveloperDays {
  readonly currency: string;
  /** Settlement transfers of these days. */
  readonly settled: readonly BookTransfer[];
  /** Less deductions. */
  readonly units: readonly UnitDay[];
  /** Nothing more is settled into a closed half, so none of its days is pending. */
  readonly isClosed: boolean;
  readonly isDue: (day: BusinessDay) => boolean;
  readonly nameOf: (appId: string) => string;
  /** By the last run that posted for the app's day. */
  readonly decidedBy: (app: AppOnDay, runId: string | null) => DecidedBy;
}

interface DaysAndTotals<App, Figures> {
  readonly days: StatementDay<App>[];
  readonly totals: Figures;
}

export function developerLines(of: DeveloperDays): DaysAndTotals<StatementApp, StatementFigures> {
  const totals = new Sums();
  const days = byDay([...of.settled, ...of.units], row => row.businessDay).map(([date, ofDay]) => {
    const apps = byDay(ofDay, row => row.appId).map(([appId, rows]) => appLine({ of, date, appId, rows, totals }));
    return { date: date as BusinessDay, status: statusOf(apps), apps };
  });
  return { days, totals: totals.figures(of.currency) };
}

/** The rows by a day or an app, in its order. */
export function byDay<Row>(rows: readonly Row[], keyOf: (row: Row) => string | null): [string, Row[]][] {
  return [...Map.groupBy(rows, row => keyOf(row) ?? '')].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function statusOf(lines: readonly { readonly status: 'settled' | 'pending' }[]): 'settled' | 'pending' {
  return lines.some(line => line.status === 'pending') ? 'pending' : 'settled';
}

function appLine({
  of,
  date,
  appId,
  rows,
  totals,
}: {
  readonly of: DeveloperDays;
  readonly date: string;
  readonly appId: string;
  readonly rows: readonly (BookTransfer | UnitDay)[];
  readonly totals: Sums;
}): StatementApp {
  const day = date as BusinessDay;
  const sums = new Sums();
  const units: UnitDay[] = [];
  let lastRun: BookTransfer | null = null;
  for (const row of rows) {
    if ('adUnitId' in row) {
      units.push(row);
      sums.addUnit(row);
    } else {
      sums.addTransfer(row);
      if (lastRun === null || row.transferId > lastRun.transferId) lastRun = row;
    }
  }
  totals.addSums(sums);
  const app = { appId, day, currency: of.currency };
  const { planId, provider } = lastRun === null ? UNDECIDED : of.decidedBy(app, lastRun.runId);
  const isPending = !of.isClosed && (of.isDue(day) || sums.earnedNanos !== sums.grossNanos);
  return {
    app_id: appId,
    name: of.nameOf(appId),
    status: isPending ? 'pending' : 'settled',
    plan_id: planId,
    provider_id: provider?.id ?? null,
    provider_ratio: provider?.ratio ?? null,
    ...sums.figures(of.currency),
    ad_units: units.sort((a, b) => (a.adUnitId < b.adUnitId ? -1 : 1)).map(unitLine),
  };
}

const UNDECIDED: DecidedBy = { planId: null, provider: null };

class Sums {
  impressions = 0;
  clicks = 0;
  earnedNanos = 0n;
  grossNanos = 0n;
  developerNanos = 0n;
  providerNanos = 0n;
  platformNanos = 0n;

  addUnit({ impressions, clicks, grossNanos }: UnitDay): void {
    this.impressions += impressions;
    this.clicks += clicks;
    this.earnedNanos += grossNanos;
  }

  addTransfer({ debit, credit, amountNanos }: BookTransfer): void {
    const isPosted = debit === 'ad_revenue';
    const amount = isPosted ? amountNanos : -amountNanos;
    this.grossNanos += amount;
    const part = isPosted ? credit : debit;
    if (part === 'payable') this.developerNanos += amount;
    else if (part === 'platform_share') this.platformNanos += amount;
    else this.providerNanos += amount;
  }

  addSums(other: Sums): void {
    this.impressions += other.impressions;
    this.clicks += other.clicks;
    this.earnedNanos += other.earnedNanos;
    this.grossNanos += other.grossNanos;
    this.developerNanos += other.developerNanos;
    this.providerNanos += other.providerNanos;
    this.platformNanos += other.platformNanos;
  }

  figures(currency: string): StatementFigures {
    const { impressions, clicks } = this;
    const grossNanos = nanos(this.grossNanos);
    const developerNanos = nanos(this.developerNanos);
    return {
      impressions,
      clicks,
      ecpm: ecpmOf({ grossNanos: nanos(this.earnedNanos), impressions, currency }),
      gross: money(grossNanos, currency),
      developer_share: money(developerNanos, currency),
      provider_share: money(nanos(this.providerNanos), currency),
      platform_share: money(nanos(this.platformNanos), currency),
      share_percent: sharePercent({ partNanos: developerNanos, ofNanos: grossNanos }),
      pending_gross: money(nanos(this.earnedNanos - this.grossNanos), currency),
    };
  }
}

function unitLine({ adUnitId, impressions, clicks, grossNanos, currency }: UnitDay): StatementUnit {
  return {
    ad_unit_id: adUnitId,
    impressions,
    clicks,
    ecpm: ecpmOf({ grossNanos, impressions, currency }),
    gross: money(grossNanos, currency),
  };
}

export function ecpmOf(gross: {
  readonly grossNanos: Nanos;
  readonly impressions: number;
  readonly currency: string;
}): Money | null {
  const ecpm = ecpmNanos(gross);
  return ecpm === null ? null : money(ecpm, gross.currency);
}
