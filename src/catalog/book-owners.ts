import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { developerName } from './developer-name.ts';
import { providerName } from './provider-name.ts';

/** A book's owner, as a developer or as a service provider; neither stands for all books. */
export interface OwnerFilter {
  readonly developerId?: string | undefined;
  readonly providerId?: string | undefined;
}

/**
 * The owner that is asked for, whom the catalog knows; null for all.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `two_owners`
 */
export async function namedOwner(q: Queryable, { developerId, providerId }: OwnerFilter): Promise<string | null> {
  if (developerId !== undefined && providerId !== undefined) {
    throw new Refusal({
      code: 'two_owners',
      message: 'a developer and a provider were given, but a book has one owner',
      remedy: 'leave one of them out',
      details: {},
      exitCode: 2,
    });
  }
  if (developerId !== undefined) await developerName(q, developerId);
  if (providerId !== undefined) await providerName(q, providerId);
  return developerId ?? providerId ?? null;
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
