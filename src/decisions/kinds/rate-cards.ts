import { catalogKind } from '../catalog-kind.ts';

/** Campaigns with what their events cost where a line has no price. What was priced before stays as it is. */
export const rateCards = catalogKind({ name: 'rate_cards', list: 'campaigns' });
