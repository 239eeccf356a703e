/** For earnings of up to 66 yuan a unit: some apps stay in the first tier, some do not. */
export const BOOKS_PLAN = {
  id: 'bench',
  scope: { default: true },
  currency: 'CNY',
  effective_from: '2018-01-01',
  effective_to: null,
  basis: 'app_day',
  mode: 'marginal',
  tiers: [{ up_to: '50.00', share: '0.50' }, { share: '0.30' }],
};

/** Of a private installation, unless it is told another. */
export const BUCKETS = 64;
