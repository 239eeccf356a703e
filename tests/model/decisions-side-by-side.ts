import type { SettlementSystem } from '../support/settlement-system.ts';
import type { Asked, DecisionsModel, Deed } from './decisions-model.ts';

/** As the program takes what the model is told. */
export const fileOf = {
  event({ id, app, day, nanos }: Extract<Deed, { deed: 'earn' }>): string {
    const event = { id, type: 'click', occurred_at: `${day}T12:00:00+08:00`, app_id: app, ad_unit_id: `${app}_unit` };
    return JSON.stringify({ ...event, currency: 'CNY', price: decimal(nanos, 6) });
  },

  decision(id: string, asked: Asked): object {
    return {
      ...{ id, kind: asked.kind, parameters: parametersOf(asked) },
      ...{ reason: 'a test', evidence: [{ text: 'a test' }] },
    };
  },
};

function parametersOf(asked: Asked): object {
  switch (asked.kind) {
    case 'hold':
      return { book: asked.book, app: asked.app, from: asked.from };
    case 'release':
    case 'forfeit':
      return { hold: asked.hold, ...asked.part, keep_holding: asked.keepHolding };
    case 'keep_forfeited':
      return { book: asked.book, ...asked.part };
    case 'adjust':
      return { rows: [{ book: asked.book, currency: 'CNY', amount: decimal(asked.nanos), reason: 'a test' }] };
    case 'write_off':
      return { book: asked.book, currency: 'CNY', amount: decimal(asked.nanos), reason: 'a test' };
    case 'invalidate':
      return { app: asked.app, code: 'refund', events: [{ type: 'click', id: asked.event }] };
    case 'reinstate':
      return { invalidation: asked.invalidation, ground: 'a test' };
    case 'plan': {
      const days = { effective_from: '2018-01-01', effective_to: null };
      const terms = { ...days, currency: 'CNY', basis: 'app_day', mode: 'marginal', tiers: [{ share: asked.share }] };
      return { plans: [{ id: 'all', scope: { default: true }, ...terms }] };
    }
    case 'fund': {
      const { fund, category, points, nanos } = asked;
      const days = { start: '2018-04-10', end: '2018-12-31' };
      return { fund, currency: 'CNY', budget: decimal(nanos), ...days, rule: { points, categories: [category] } };
    }
    case 'fund_top_up':
      return { fund: asked.fund, currency: 'CNY', amount: decimal(asked.nanos) };
    default:
      return { fund: asked.fund };
  }
}

function decimal(nanos: bigint, decimals = 9): string {
  const digits = String(nanos < 0n ? -nanos : nanos).padStart(10, '0');
  return `${nanos < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9, digits.length - 9 + decimals)}`;
}

/** Balances of books and, of (app, day)s, what is payable, held and forfeited, and awarded by each fund; nothing that is zero. */
export function modelState(model: DecisionsModel): string[] {
  const lines = [...model.books].flatMap(([id, book]) => [
    line(id, 'payable', book.payable),
    line(id, 'held', book.held),
    line(id, 'forfeited', book.forfeited),
    line(id, 'ad_revenue', -model.settledGross(id)),
    ...book.standing().map(each => `${id} ${each}`),
  ]);
  for (const [id, fund] of model.funds) {
    lines.push(line(id, 'fund_available', fund.left));
    for (const { app, day, awarded } of fund.claims) lines.push(line(id, `${app} ${day}`, awarded));
  }
  return lines.filter(each => each !== '').sort();
}

export async function systemState(system: SettlementSystem): Promise<string[]> {
  const accounts = ['payable', 'held', 'forfeited', 'ad_revenue', 'fund_available'];
  const balances = (await system.balances()).filter(({ account }) => accounts.includes(account));
  const lines = balances.map(({ developerId, account, nanos }) => line(developerId, account, nanos));
  const ofDays = (await system.transfers()).filter(each => each.businessDay !== null && each.appId !== null);
  for (const [key, all] of Map.groupBy(ofDays, each => `${each.developerId} ${each.appId} ${each.businessDay}`)) {
    const sum = (account: string) =>
      all.reduce((total, { debit, credit, amountNanos }) => {
        if (credit === account) return total + amountNanos;
        return debit === account ? total - amountNanos : total;
      }, 0n);
    const standing = ['payable', 'held', 'forfeited'].map(sum);
    if (standing.some(each => each !== 0n)) lines.push(`${key}: ${standing.join(' ')}`);
    const [owner = '', ...appDay] = key.split(' ');
    lines.push(line(owner, appDay.join(' '), -sum('fund_available')));
  }
  return lines.filter(each => each !== '').sort();
}

function line(owner: string, what: string, nanos: bigint): string {
  return nanos === 0n ? '' : `${owner} ${what} = ${nanos}`;
}
