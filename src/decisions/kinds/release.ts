import { endingKind } from '../hold-kind.ts';

/** Gives back what a hold holds; what another hold is in force on stays held under that one. */
export const release = endingKind('release');
