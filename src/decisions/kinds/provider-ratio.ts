import { catalogKind } from '../catalog-kind.ts';

/** Service providers with their ratios and apps. Nothing of it acts before the developer's side confirms it. */
export const providerRatio = catalogKind({ name: 'provider_ratio', list: 'providers' });
