import { endingKind } from '../hold-kind.ts';

/** Takes what a hold holds from its owner for good, other holds on it notwithstanding. */
export const forfeit = endingKind('forfeit');
