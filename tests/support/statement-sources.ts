import { BusinessCalendar } from '../../src/domain/business-day.ts';
import { type Nanos, parseAmount } from '../../src/domain/nanos.ts';
import { type Period, parsePeriod, periodOf } from '../../src/domain/period.ts';
import type { UncountedDay, UnitDay } from '../../src/earnings/days-of-books.ts';
import type { BookTransfer } from '../../src/ledger/book-transfers.ts';
import type { PayoutTermsOfLine } from '../../src/statements/payouts.ts';
import type { BookSources } from '../../src/statements/read-books.ts';
import { day } from './reference-files.ts';

export const shanghaiCalendar = new BusinessCalendar('Asia/Shanghai');

let ids = 0;

/** A transfer of dev_7's book in CNY of the half 2018-04-H1, with `changes`. */
export function transfer(
  debit: BookTransfer['debit'],
  credit: BookTransfer['credit'],
  amount: string,
  changes: Partial<BookTransfer>,
): BookTransfer {
  ids += 1;
  return {
    transferId: `0196329c-5b00-7000-8000-${String(ids).padStart(12, '0')}`,
    ownerId: 'dev_7',
    appId: null,
    businessDay: null,
    period: '2018-04-H1' as Period,
    currency: 'CNY',
    debit,
    credit,
    amountNanos: parseAmount(amount),
    reason: 'developer_share',
    runId: null,
    version: null,
    providerId: null,
    fundId: null,
    decisionId: null,
    payoutId: null,
    correctsId: null,
    bookedAtMs: Date.parse('2018-04-17T01:00:00Z'),
    ...changes,
  };
}

/** What a run posts of an app's day: the developer's share and the platform's. */
export function settled(on: string, { share, platform }: { readonly share: string; readonly platform: string }) {
  const part = { appId: 'app_7_1', businessDay: day(on), version: 1, runId: '0196329c-5b00-7000-8000-00000000000a' };
  return [
    transfer('ad_revenue', 'payable', share, { ...part, reason: 'developer_share' }),
    transfer('ad_revenue', 'platform_share', platform, { ...part, reason: 'platform_share' }),
  ];
}

export function unit(on: string, adUnitId: string, impressions: number, clicks: number, gross: string): UnitDay {
  return {
    businessDay: day(on),
    developerId: 'dev_7',
    appId: 'app_7_1',
    adUnitId,
    currency: 'CNY',
    impressions,
    clicks,
    grossNanos: parseAmount(gross),
  };
}

export interface Given {
  readonly opening?: string;
  readonly transfers?: readonly BookTransfer[];
  readonly units?: readonly UnitDay[];
  readonly uncounted?: UncountedDay[];
  readonly due?: readonly string[];
  readonly payouts?: readonly PayoutTermsOfLine[];
  /** A service provider's parts: what they are of, and at which ratio. */
  readonly totals?: Readonly<Record<string, string>>;
  readonly ratios?: Readonly<Record<string, string>>;
}

export function sourcesOf(kind: BookSources['kind'], given: Given): BookSources {
  const payouts = new Map((given.payouts ?? []).map(payout => [payout.payoutId, payout]));
  const opening: Nanos | null = given.opening === undefined ? null : parseAmount(given.opening);
  const keyOf = (app: { readonly appId: string; readonly day: string }) => `${app.day} ${app.appId}`;
  return {
    kind,
    ownerId: kind === 'developer' ? 'dev_7' : 'agency_1',
    name: kind === 'developer' ? 'Seven Studio' : 'Agency One',
    opening: new Map(opening === null ? [] : [['CNY', new Map([['payable', opening]])]]),
    transfers: given.transfers ?? [],
    days: {
      earned: [...(given.units ?? [])],
      uncounted: given.uncounted ?? [],
      due: new Set((given.due ?? []).map(day)),
    },
    halfOf: row => periodOf(row.businessDay),
    behind: {
      nameOf: appId => ({ app_7_1: 'Lucky Seven', app_7_2: 'Unlucky', app_7_3: '幸运七' })[appId] ?? appId,
      developerOf: () => 'dev_7',
      decidedBy: () => ({ planId: 'wechat-2018-03', provider: null }),
      providerOf: app => {
        const ratio = given.ratios?.[keyOf(app)];
        return ratio === undefined ? null : { id: 'agency_1', ratio };
      },
      whyOf: () => 'a campaign that was priced too low',
      payoutOf: payoutId => payouts.get(payoutId) as PayoutTermsOfLine,
      totalOf: app => {
        const total = given.totals?.[keyOf(app)];
        return total === undefined ? null : parseAmount(total);
      },
    },
  };
}

export const H1 = parsePeriod('2018-04-H1');
