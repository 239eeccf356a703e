import { invalidateAlone, reinstateAlone } from '../../src/decisions/invalidate-alone.ts';
import { parseAmount } from '../../src/domain/nanos.ts';
import { parseEventList } from '../../src/traffic/event-list-file.ts';
import { adjustment, Deciding, PERSONS } from './deciding.ts';
import { SettlementSystem } from './settlement-system.ts';

const CATALOG = {
  developers: [
    { id: 'dev_1', name: 'One', type: 'individual', country: 'DE' },
    { id: 'dev_2', name: 'Two Brothers', type: 'company', country: 'CN' },
    { id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' },
  ],
  apps: [
    { id: 'app_1', developer_id: 'dev_1', name: 'First', category: 'games' },
    { id: 'app_2', developer_id: 'dev_2', name: 'Second', category: 'news' },
    { id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' },
    { id: 'app_7_2', developer_id: 'dev_7', name: 'Unlucky', category: 'games' },
  ],
  ad_units: [
    { id: 'unit_1', app_id: 'app_1', format: 'banner' },
    { id: 'unit_2', app_id: 'app_2', format: 'banner' },
    { id: 'unit_7_1', app_id: 'app_7_1', format: 'banner' },
    { id: 'unit_7_2', app_id: 'app_7_2', format: 'video' },
  ],
  campaigns: [
    {
      id: 'c_42',
      currency: 'CNY',
      rate_cards: [{ effective_from: '2018-01-01', effective_to: null, cpm: '2.50', cpc: '0.30' }],
    },
    { id: 'c_43', currency: 'CNY', rate_cards: [{ effective_from: '2018-01-01', effective_to: null, cpc: '0.40' }] },
  ],
  providers: [
    {
      ...{ id: 'agency', name: 'An Agency', type: 'company', country: 'CN' },
      ratios: [{ effective_from: '2018-01-01', ratio: '0.20' }],
      apps: [
        { app_id: 'app_2', effective_from: '2018-01-01' },
        { app_id: 'app_7_2', effective_from: '2018-04-14', ratio: '0.123456' },
      ],
    },
  ],
};

/** A change of name, of category, of format and of price. */
const LATER_CATALOG = {
  developers: [{ id: 'dev_1', name: 'One Ltd', type: 'company', country: 'DE' }],
  apps: [
    { id: 'app_7_2', developer_id: 'dev_7', name: 'Unlucky', category: 'tools', category_from: '2018-04-14' },
    { id: 'app_1', developer_id: 'dev_1', name: 'First of All', category: 'games' },
  ],
  ad_units: [{ id: 'unit_1', app_id: 'app_1', format: 'interstitial' }],
  campaigns: [
    {
      id: 'c_42',
      currency: 'CNY',
      rate_cards: [{ effective_from: '2018-01-01', effective_to: null, cpm: '5.00', cpc: '0.60' }],
    },
  ],
};

const PLANS = [
  plan({ id: 'half', scope: { default: true }, tiers: [{ up_to: '0.50', share: '0.50' }, { share: '0.30' }] }),
  plan({ id: 'games', scope: { category: 'games' }, mode: 'whole', tiers: [{ share: '0.40' }] }),
  plan({ id: 'two', scope: { category: 'news' }, tiers: [{ share: '0.45' }] }),
  plan({ id: 'lucky', scope: { app: 'app_7_1' }, tiers: [{ share: '0.60' }], outside_band: 'an opening offer' }),
  // Never accepted, so it never holds.
  plan({ id: 'one', scope: { developer: 'dev_1' }, tiers: [{ share: '0.31' }] }),
];

function plan(terms: Record<string, unknown>): Record<string, unknown> {
  return {
    currency: 'CNY',
    effective_from: '2018-04-01',
    effective_to: null,
    basis: 'app_day',
    mode: 'marginal',
    ...terms,
  };
}

let lastId = 0;

/** An impression of 2 CNY a thousand, unless `changes` say otherwise. */
function line(unit: string, changes: Record<string, unknown> = {}): string {
  lastId += 1;
  return JSON.stringify({
    id: `e${lastId}`,
    type: 'impression',
    occurred_at: '2018-04-13T10:00:00+08:00',
    app_id: unit.replace('unit', 'app'),
    ad_unit_id: unit,
    currency: 'CNY',
    price: '2.00',
    ...changes,
  });
}

const click = { type: 'click', price: '0.25' };
/** So early in the day that it is another one in most time zones. */
const onTheSecondDay = { occurred_at: '2018-04-14T01:00:00+08:00' };
const onTheThirdDay = { occurred_at: '2018-04-15T23:59:59.999+08:00' };

function firstLines(): string[] {
  return [
    line('unit_1'),
    line('unit_1', { ...click, id: 'click' }),
    line('unit_1', { ...click, id: 'click' }),
    line('unit_1', { ...click, id: 'click', price: '0.26' }),
    line('unit_2', { price: undefined, campaign_id: 'c_42' }),
    line('unit_2', { ...click, price: undefined, campaign_id: 'c_42' }),
    line('unit_7_1', { device_id: 'd1', user_agent: 'a browser', ip: '192.0.2.1' }),
    line('unit_7_1', { ...click, ...onTheSecondDay, impression_id: 'e1' }),
    line('unit_7_2', onTheSecondDay),
    line('unit_7_2', { ...click, ...onTheSecondDay }),
    line('unit_2', onTheSecondDay),
    line('unit_1', onTheSecondDay),
    // Each rejected for another reason.
    'not an event',
    line('unit_1', { price: '0.1234567' }),
    line('unit_7_1', { occurred_at: '2018-01-01T00:00:00+08:00' }),
    line('unit_7_1', { occurred_at: '2018-04-16T00:00:00+08:00' }),
    line('unit_9'),
    line('unit_7_1', { app_id: 'app_7_2' }),
    line('unit_7_2', { price: undefined }),
    line('unit_7_2', { price: undefined, campaign_id: 'c_43' }),
    line('unit_2', { price: undefined, campaign_id: 'c_42', currency: 'USD' }),
  ];
}

/** An adjustment that was applied, and one that was rejected. */
async function decide(deciding: Deciding): Promise<void> {
  await deciding.importPersons(PERSONS);
  const amounts = [
    {
      book: 'dev_1',
      currency: 'CNY',
      amount: '0.05',
      reason: 'billed twice',
      app: 'app_1',
      business_date: '2018-04-13',
    },
    { book: 'dev_7', currency: 'CNY', amount: '-0.01', reason: 'a fee', app: 'app_7_1' },
  ];
  for (const id of ['adjust-1', 'adjust-2']) await deciding.propose(adjustment({ id, parameters: { rows: amounts } }));
  await deciding.approve('adjust-1');
  await deciding.reject('adjust-2');
  const hold = { book: 'dev_7', app: 'app_7_2', from: '2018-04-14' };
  await deciding.propose(adjustment({ id: 'hold-1', kind: 'hold', parameters: hold }));
  await deciding.approve('hold-1');
  const forfeit = { hold: 'hold-1', to: '2018-04-14', keep_holding: true };
  await deciding.propose(adjustment({ id: 'forfeit-1', kind: 'forfeit', parameters: forfeit }));
  await deciding.approve('forfeit-1');
}

/** A day of its own, with every way in which traffic does not count. */
async function takeInvalidTraffic(system: SettlementSystem): Promise<void> {
  system.now = new Date('2018-05-03T09:00:00+08:00');
  await system.importTraffic({ effective_from: '2018-05-01' });
  await system.importTrafficWith('203.0.113.0/24');
  const at = (time: string) => ({ ...click, occurred_at: `2018-05-01T${time}+08:00`, device_id: 'd1' });
  await system.take([
    line('unit_7_1', at('10:00:00')),
    line('unit_7_1', at('10:00:05')),
    line('unit_7_1', { ...at('11:00:00'), user_agent: 'curl/8.0' }),
    line('unit_7_1', { ...at('12:00:00'), id: 'refunded' }),
    line('unit_7_1', { ...at('13:00:00'), type: 'impression' }),
  ]);
  system.now = new Date('2018-05-03T10:00:00+08:00');
  const { db, bucketCount, calendar } = system;
  const alone = { db, bucketCount, calendar, now: () => system.now, soleLimits: new Map([['CNY', parseAmount('10')]]) };
  const ticket = { invalidationId: 'ticket-1', actor: 'li.wei' };
  const of = parseEventList('click refunded', 'events.txt');
  await invalidateAlone(alone, { ...ticket, appId: 'app_7_1', of, reason: 'refund', note: null });
  const slice = { from: '2018-05-01', to: '2018-05-01', adUnitId: 'unit_7_1', eventType: 'impression' as const };
  await system.invalidate({ id: 'ticket-2', appId: 'app_7_1', slice, reason: 'complaint' });
  await system.settle('2018-05-01');
  await reinstateAlone(alone, { ...ticket, reason: 'appeal' });
  await system.settle('2018-05-01');
}

/**
 * Everything that an installation may hold, in few rows and four buckets, brought about as in production: two settled days, of
 * partly shared with a service provider, of which parts were settled again because of a late event, a corrected plan and a moved category; a third day that is due; a day
 * that stays due because no plan covers its currency; decisions, one of them applied; and a batch that is not processed yet.
 */
export async function openSmallInstallation(): Promise<SettlementSystem> {
  const system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-01T12:00:00+08:00' });
  await (await system.owner()).query('update installation set bucket_count = 4');
  await system.importCatalog(CATALOG);
  await system.importPlans(...PLANS);
  await system.acceptPlan('lucky', 'dev_7');
  for (const appId of [null, 'app_2', 'app_7_2']) await system.confirmTerms('agency', appId);
  system.now = new Date('2018-04-15T12:00:00+08:00');
  await system.take(firstLines());
  await system.settle('2018-04-13');
  await system.settle('2018-04-14');

  system.now = new Date('2018-04-16T09:00:00+08:00');
  await system.take([line('unit_1', { price: '3.00' }), line('unit_7_1', { ...click, price: '0.75' })]);
  await system.settle('2018-04-13');

  system.now = new Date('2018-04-17T09:00:00+08:00');
  await system.importCatalog(LATER_CATALOG);
  await system.importPlans(plan({ id: 'two', scope: { category: 'news' }, tiers: [{ share: '0.35' }] }));
  await system.settleDue();
  await system.take([
    line('unit_1', { ...onTheSecondDay, currency: 'USD' }),
    line('unit_2', { price: undefined, campaign_id: 'c_42', ...onTheThirdDay }),
    line('unit_7_2', { ...onTheSecondDay, id: 'click', type: 'click', price: '1.00' }),
    line('unit_1', { ...click, id: 'click', price: '0.27' }),
  ]);
  await system.settle('2018-04-14');

  await decide(new Deciding(system));

  await takeInvalidTraffic(system);
  await system.ingest([line('unit_1', onTheThirdDay), line('unit_1', onTheThirdDay)]);
  return system;
}
