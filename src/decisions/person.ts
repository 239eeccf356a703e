/** What a person may do. */
export const ROLES = ['producer', 'developer', 'finance', 'approver', 'operator'] as const;

export type Role = (typeof ROLES)[number];

/** A person as recorded in one version. */
export interface Person {
  /** As it was recorded first; ids are compared without regard to case. */
  readonly personId: string;
  readonly version: number;
  readonly name: string;
  readonly roles: readonly Role[];
  /** The developer or provider to whose book a developer or producer belongs. */
  readonly book: string | null;
  readonly disabled: boolean;
  readonly validFrom: Date;
}
