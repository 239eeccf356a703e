import { catalogKind } from '../catalog-kind.ts';

/** Apps that are in another category from some day on, and so under other plans and funds. Their days from then on become due. */
export const category = catalogKind({
  name: 'category',
  list: 'apps',
  changes: ({ categoryChanges }) => categoryChanges.map(change => change.appId),
});
