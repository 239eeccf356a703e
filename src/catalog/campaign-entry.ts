import { z } from 'zod';
import { canonicalPrice } from '../domain/price.ts';
import { strictEntry } from './file-entries.ts';
import { currencyField, dayField, idField, parsedField } from './file-fields.ts';
import type { FileProblems } from './file-problems.ts';
import type { StoredRateCard } from './rate-cards.ts';

const MAX_RATE_CARDS = 1000;
const PRICE = 'write a decimal string from "0" to "1000000" with at most 6 decimals, such as "2.50", or leave it out';
const CARDS = `write a list of 1 to ${MAX_RATE_CARDS} rate cards`;

const priceField = parsedField(PRICE, canonicalPrice).nullable().default(null);

const rateCardEntry = strictEntry({
  effective_from: dayField,
  effective_to: dayField.nullable().default(null),
  cpm: priceField,
  cpc: priceField,
});

export const campaignEntry = strictEntry({
  id: idField,
  currency: currencyField,
  rate_cards: z.array(rateCardEntry, CARDS).min(1, CARDS).max(MAX_RATE_CARDS, CARDS),
});

/** Tells what is wrong with the cards of one campaign together; returns them in the order of their days. */
export function checkRateCards(
  problems: FileProblems,
  campaign: string,
  rateCards: readonly StoredRateCard[],
): StoredRateCard[] {
  const placed = rateCards.map((card, index) => ({ card, place: `${campaign}.rate_cards[${index}]` }));
  for (const { card, place } of placed) {
    if (card.cpm === null && card.cpc === null) {
      problems.add({
        place: `${place}.cpm`,
        value: undefined,
        fault: 'and so is cpc',
        remedy: 'give at least one of them',
      });
    }
    if (card.effective_to !== null && card.effective_to < card.effective_from) {
      const fault = `before effective_from ${card.effective_from}`;
      problems.add({
        place: `${place}.effective_to`,
        value: card.effective_to,
        fault,
        remedy: 'put the last day there',
      });
    }
  }
  const inOrder = placed.toSorted((a, b) => (a.card.effective_from < b.card.effective_from ? -1 : 1));
  for (const [index, { card, place }] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before === undefined || (before.card.effective_to ?? '9999-12-31') < card.effective_from) continue;
    const fault = `a day of ${before.place} too, which ends ${before.card.effective_to ?? 'never'}`;
    const remedy = 'end one card before the other starts';
    problems.add({ place: `${place}.effective_from`, value: card.effective_from, fault, remedy });
  }
  return inOrder.map(({ card }) => card);
}
