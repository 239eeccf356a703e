import { ownerProfilesAbout } from '../catalog/owner-profiles.ts';
import type { Queryable } from '../db/database.ts';
import { aboutInstant } from '../domain/about-instant.ts';
import { addDays, type BusinessCalendar } from '../domain/business-day.ts';
import { exchanged } from '../domain/exchange.ts';
import { downToMinor } from '../domain/minor-unit.ts';
import { formatDecimal, type Nanos, nanos } from '../domain/nanos.ts';
import { parsePeriod } from '../domain/period.ts';
import { withheld } from '../domain/withholding.ts';
import { availableAbout } from './available-about.ts';
import { type ExchangeRate, ratesRecorded } from './exchange-rates.ts';
import { type Payee, payeesRecorded } from './payees.ts';
import type { Payout } from './payout.ts';
import type { Recorded } from './payout-terms.ts';
import type { RecordedTerms } from './recorded-terms.ts';
import type { StoredBatch } from './stored-batches.ts';

interface Damage {
  readonly table: 'payouts' | 'payout_batches';
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

interface DrawUpContext {
  readonly terms: RecordedTerms;
  readonly calendar: BusinessCalendar;
  readonly report: (damage: Damage) => void;
}

/** What a payout went by and came to, apart from its amount. */
type DrawnTerms = Pick<
  Payout,
  | 'destination'
  | 'payeeImport'
  | 'country'
  | 'payee'
  | 'invoiceRequired'
  | 'withholding'
  | 'taxNanos'
  | 'netNanos'
  | 'sentCurrency'
  | 'sentNanos'
  | 'exchange'
>;

/**
 * Computes the payouts of a batch once more, from the terms, payees, rates and catalog that were known when it was drawn up and the
 * ledger of then, on a way of its own, and compares. Of what was recorded within minutes of it nobody can tell whether it was known: the whole
 * batch must agree with one of the states that there may have been.
 */
export class DrawUpCheck {
  readonly #batch: StoredBatch;
  readonly #context: DrawUpContext;
  /** The last import that was known; fewer as payouts are found to agree with some only. */
  #lastKnown: readonly number[];
  #rates: readonly Recorded<ExchangeRate>[] | null = null;

  constructor(batch: StoredBatch, context: DrawUpContext) {
    this.#batch = batch;
    this.#context = context;
    this.#lastKnown = context.terms.lastKnownTo(batch.drawnAt);
  }

  checkBatch(): void {
    const { batchId, period, currency, drawNo, drawnAt, drawnOn } = this.#batch;
    const where = `batch ${batchId}`;
    const differs = (expected: string, found: string) => {
      if (expected !== found) this.#context.report({ table: 'payout_batches', where, expected, found });
    };
    differs(`${period}-${currency}-${drawNo}`, batchId);
    differs(this.#context.calendar.dayOf(drawnAt.getTime()), drawnOn);
    const tell = (of: Pick<StoredBatch, 'termsImport' | 'thresholdNanos' | 'dueOn'>) =>
      `due on ${of.dueOn}, from ${formatDecimal(of.thresholdNanos, 2)} by import ${of.termsImport}`;
    const expectedBy = (importNo: number) => {
      const terms = this.#inForce(importNo).terms.find(each => each.currency === currency);
      if (terms === undefined) return 'no batch, for no terms are in force';
      const dueOn = addDays(parsePeriod(period).lastDay, terms.netDays);
      return tell({ dueOn, termsImport: terms.importNo, thresholdNanos: terms.thresholdNanos });
    };
    this.#compare(expectedBy, tell(this.#batch), differs);
  }

  /** `payouts`: of the batch, in one bucket. */
  async checkPayouts(q: Queryable, bucket: number, payouts: readonly Payout[]): Promise<void> {
    if (payouts.length === 0) return;
    const { currency, period, drawnAt, drawnOn, thresholdNanos, batchId } = this.#batch;
    const { report, calendar } = this.#context;
    const ownerIds = payouts.map(payout => payout.ownerId);
    const about = aboutInstant(drawnAt);
    const profiles = await ownerProfilesAbout(q, { ownerIds, about });
    const payees = Map.groupBy(await payeesRecorded(q, ownerIds), payee => payee.ownerId as string);
    this.#rates ??= await ratesRecorded(q, { sourceCurrency: currency, day: drawnOn });
    const rates = this.#rates;
    // Events may be a little ahead of the clock, and so are then the days of what they earn.
    const lastDay = addDays(calendar.dayOf(about.perhaps.getTime()), 1);
    const available = await availableAbout(q, { bucket, period, currency, batchId, ownerIds, about, lastDay });
    for (const payout of payouts) {
      const where = `payout ${payout.payoutId} of batch ${batchId}`;
      const differs = (expected: string, found: string) => {
        if (expected !== found) report({ table: 'payouts', where, expected, found });
      };
      differs(`${period} in ${currency}`, `${payout.period} in ${payout.currency}`);
      const least = available.get(payout.ownerId)?.leastNanos ?? 0n;
      const most = available.get(payout.ownerId)?.mostNanos ?? 0n;
      const [from, to] = [least, most].map(each => downToMinor(nanos(each > 0n ? each : 0n), currency)) as [
        Nanos,
        Nanos,
      ];
      if (payout.amountNanos < from || payout.amountNanos > to || payout.amountNanos < thresholdNanos) {
        const range = from === to ? decimal(from) : `${decimal(from)} to ${decimal(to)}`;
        differs(`${range}, if at least ${decimal(thresholdNanos)}`, decimal(payout.amountNanos));
      }
      const expectedBy = (importNo: number) => {
        const found = tellTerms(payout);
        const all = (profiles.get(payout.ownerId) ?? []).map(profile =>
          this.#termsOf(payout, { importNo, profile, payees: payees.get(payout.ownerId) ?? [], rates }),
        );
        return all.find(each => each === found) ?? all[0] ?? 'nothing, for the catalog did not know the owner';
      };
      this.#compare(expectedBy, tellTerms(payout), differs);
    }
  }

  #inForce(importNo: number) {
    return this.#context.terms.inForce({ importNo, day: this.#batch.drawnOn });
  }

  #compare(
    expectedBy: (importNo: number) => string,
    found: string,
    differs: (expected: string, found: string) => void,
  ): void {
    const agreeing = this.#lastKnown.filter(importNo => expectedBy(importNo) === found);
    if (agreeing.length === 0) differs(expectedBy(this.#lastKnown[0] as number), found);
    else this.#lastKnown = agreeing;
  }

  #termsOf(
    { amountNanos, currency }: Payout,
    {
      importNo,
      profile: { country, type },
      payees,
      rates,
    }: {
      readonly importNo: number;
      readonly profile: { readonly country: string; readonly type: Payout['payee'] };
      /** Both in the order of their imports. */
      readonly payees: readonly Recorded<Payee>[];
      readonly rates: readonly Recorded<ExchangeRate>[];
    },
  ): string {
    const { tables, rules } = this.#inForce(importNo);
    const table = tables.find(each => each.country === country && each.payee === type && each.currency === currency);
    if (table === undefined && type === 'individual') return `nothing, for no table of tax is in force for ${country}`;
    const payee = payees.findLast(each => each.importNo <= importNo);
    if (payee === undefined || payee.destination === null) return 'nothing, for no destination is known';
    if (payee.onHold) return 'nothing, for the payee asks for it';
    if (payee.minimumNanos !== null && amountNanos < downToMinor(payee.minimumNanos, currency)) {
      return `nothing below ${decimal(payee.minimumNanos)}, for the payee asks for it`;
    }
    const taxNanos = table === undefined ? nanos(0n) : withheld({ amountNanos, tiers: table.tiers, currency });
    const netNanos = nanos(amountNanos - taxNanos);
    const sentCurrency = payee.currency ?? currency;
    let sent: Pick<DrawnTerms, 'sentNanos' | 'exchange'> = { sentNanos: netNanos, exchange: null };
    if (sentCurrency !== currency) {
      const known = rates.filter(each => each.targetCurrency === sentCurrency && each.importNo <= importNo);
      const rate = known.reduce<Recorded<ExchangeRate> | null>(
        (last, each) => (last === null || each.day >= last.day ? each : last),
        null,
      );
      if (rate === null) return `nothing, for there is no rate into ${sentCurrency}`;
      const { targetNanos, minorNanos } = exchanged({ amountNanos: netNanos, rate: rate.rate, currency: sentCurrency });
      sent = { sentNanos: minorNanos, exchange: { ...rate, exchangedNanos: targetNanos } };
    }
    return tellTerms({
      ...{ destination: payee.destination, payeeImport: payee.importNo, country, payee: type, taxNanos, netNanos },
      invoiceRequired: type === 'company' && (rules.find(rule => rule.country === country)?.required ?? true),
      withholding: table === undefined ? null : { withholdingId: table.withholdingId, importNo: table.importNo },
      ...{ sentCurrency, ...sent },
    });
  }
}

function tellTerms(terms: DrawnTerms): string {
  const { withholding, exchange } = terms;
  const table =
    withholding === null ? 'no table' : `table ${withholding.withholdingId} of import ${withholding.importNo}`;
  const rate =
    exchange === null
      ? ''
      : `, ${decimal(exchange.exchangedNanos)} at ${exchange.rate} of ${exchange.day} by ${exchange.source}, import ${exchange.importNo}`;
  return (
    `${decimal(terms.sentNanos)} ${terms.sentCurrency} to ${terms.destination} of import ${terms.payeeImport}, ` +
    `${terms.payee} of ${terms.country}${terms.invoiceRequired ? ' with an invoice' : ''}, ` +
    `net of ${decimal(terms.taxNanos)} tax by ${table} ${decimal(terms.netNanos)}${rate}`
  );
}

function decimal(amount: bigint): string {
  return formatDecimal(amount, 2);
}
