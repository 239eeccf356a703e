import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { developerName } from './developer-name.ts';
import { kindOfBook } from './fund-ids.ts';
import { providerName } from './provider-name.ts';

/** A book's owner: a developer, a service provider or an incentive fund; none of them stands for all books. */
export interface OwnerFilter {
  readonly developerId?: string | undefined;
  readonly providerId?: string | undefined;
  readonly fundId?: string | undefined;
}

/**
 * The owner that is asked for, who is known; null for all.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `unknown_fund`, `two_owners`
 */
export async function namedOwner(
  q: Queryable,
  { developerId, providerId, fundId }: OwnerFilter,
): Promise<string | null> {
  const named = [developerId, providerId, fundId].filter(id => id !== undefined);
  if (named.length > 1) {
    throw new Refusal({
      code: 'two_owners',
      message: 'more than one of a developer, a provider and a fund was given, but a book has one owner',
      remedy: 'leave the others out',
      details: {},
      exitCode: 2,
    });
  }
  if (developerId !== undefined) await developerName(q, developerId);
  if (providerId !== undefined) await providerName(q, providerId);
  if (fundId !== undefined && (await kindOfBook(q, fundId)) !== 'fund') throw unknownFund(fundId);
  return named[0] ?? null;
}

function unknownFund(fundId: string): Refusal {
  return new Refusal({
    code: 'unknown_fund',
    message: `${shown(fundId)} is no incentive fund`,
    remedy: 'give an id that "npx apportion funds list" shows',
    details: { fund: shown(fundId) },
  });
}

/** Ids of developers, service providers and funds in one order, after the given one or, `inclusive`, from it on. */
export async function ownersInOrder(
  q: Queryable,
  { after, inclusive, limit }: { readonly after: string; readonly inclusive: boolean; readonly limit: number },
): Promise<string[]> {
  const follows = inclusive ? '>=' : '>';
  const { rows } = await q.query<{ ownerId: string }>(
    `(select developer_id as "ownerId" from developers where developer_id ${follows} $1 order by developer_id limit $2)
     union all
     (select provider_id from providers where provider_id ${follows} $1 order by provider_id limit $2)
     union all
     (select fund_id from funds where fund_id ${follows} $1 order by fund_id limit $2)
     order by 1
     limit $2`,
    [after, limit],
  );
  return rows.map(row => row.ownerId);
}
