import { describe, expect, test } from 'vitest';
import { type ConfirmedTerms, ProviderBook } from '../../src/catalog/provider-book.ts';
import { DEFAULT_TERMS } from '../../src/catalog/provider-terms.ts';
import { formatShare } from '../../src/domain/tiers.ts';
import { day } from '../support/reference-files.ts';

type Term = [ratio: string | null, from: string, to?: string];

/** Terms confirmed under a version on a day. */
const confirmed = (
  version: number,
  on: string,
  of: [provider: string, app: string],
  terms: Term[],
): ConfirmedTerms => ({
  providerId: of[0],
  appId: of[1],
  terms: terms.map(([ratio, from, to]) => ({
    ratio,
    effective_from: day(from),
    effective_to: to === undefined ? null : day(to),
  })),
  termsVersion: version - 1,
  confirmationVersion: version,
  confirmedOn: day(on),
  actor: 'li.wei',
});

const LATEST = 99;
const on = (book: ProviderBook, date: string, referenceVersion = LATEST) => {
  const provider = book.providerOn({ appId: 'app_1', day: day(date), referenceVersion });
  return provider === null ? 'nobody' : `${provider.providerId} ${formatShare(provider.ratioPpm)}`;
};

describe('the provider of an app', () => {
  test('has it from the later of the first day and the day of confirmation, to the last day', () => {
    const early = new ProviderBook([
      confirmed(2, '2018-04-05', ['a', 'app_1'], [['0.20', '2018-04-10', '2018-04-20']]),
    ]);
    expect(['2018-04-09', '2018-04-10', '2018-04-20', '2018-04-21'].map(each => on(early, each))).toEqual([
      'nobody',
      'a 0.20',
      'a 0.20',
      'nobody',
    ]);
    const late = new ProviderBook([confirmed(2, '2018-04-15', ['a', 'app_1'], [['0.20', '2018-04-10']])]);
    expect(['2018-04-14', '2018-04-15'].map(each => on(late, each))).toEqual(['nobody', 'a 0.20']);
  });

  test('is known only to versions from the confirmation on', () => {
    const book = new ProviderBook([confirmed(7, '2018-04-05', ['a', 'app_1'], [['0.20', '2018-04-01']])]);
    expect([6, 7, 8].map(version => on(book, '2018-04-10', version))).toEqual(['nobody', 'a 0.20', 'a 0.20']);
  });

  test('keeps what was confirmed before until the day of the next confirmation, which replaces all of it', () => {
    const book = new ProviderBook([
      confirmed(2, '2018-04-01', ['a', 'app_1'], [['0.20', '2018-04-01']]),
      confirmed(4, '2018-04-10', ['a', 'app_1'], [['0.30', '2018-04-12']]),
    ]);
    expect(['2018-04-09', '2018-04-10', '2018-04-11', '2018-04-12'].map(each => on(book, each))).toEqual([
      'a 0.20',
      'nobody',
      'nobody',
      'a 0.30',
    ]);
    expect(on(book, '2018-04-11', 3)).toBe('a 0.20');
  });

  test('loses it when an end is confirmed', () => {
    const book = new ProviderBook([
      confirmed(2, '2018-04-01', ['a', 'app_1'], [['0.20', '2018-04-01']]),
      confirmed(4, '2018-04-10', ['a', 'app_1'], []),
    ]);
    expect(['2018-04-09', '2018-04-10'].map(each => on(book, each))).toEqual(['a 0.20', 'nobody']);
  });

  test('is the one confirmed last where the end of the other is not confirmed yet', () => {
    const book = new ProviderBook([
      confirmed(2, '2018-04-01', ['a', 'app_1'], [['0.20', '2018-04-01']]),
      confirmed(4, '2018-04-10', ['b', 'app_1'], [['0.10', '2018-04-15', '2018-04-20']]),
    ]);
    expect(['2018-04-14', '2018-04-15', '2018-04-20', '2018-04-21'].map(each => on(book, each))).toEqual([
      'a 0.20',
      'b 0.10',
      'b 0.10',
      'a 0.20',
    ]);
  });

  test('takes its default ratio where the app has none of its own, and nothing without one', () => {
    const engaged = confirmed(
      2,
      '2018-04-01',
      ['a', 'app_1'],
      [
        [null, '2018-04-01', '2018-04-19'],
        ['0.50', '2018-04-20'],
      ],
    );
    const ratios = [
      confirmed(3, '2018-04-05', ['a', DEFAULT_TERMS], [['0.20', '2018-01-01', '2018-04-14']]),
      confirmed(5, '2018-04-10', ['a', DEFAULT_TERMS], [['0.25', '2018-04-01', '2018-04-14']]),
      confirmed(6, '2018-04-10', ['b', DEFAULT_TERMS], [['0.99', '2018-04-01']]),
    ];
    const book = new ProviderBook([...ratios, engaged]);
    const days = ['2018-04-04', '2018-04-05', '2018-04-09', '2018-04-10', '2018-04-14', '2018-04-15', '2018-04-20'];
    expect(days.map(each => on(book, each))).toEqual([
      'nobody',
      'a 0.20',
      'a 0.20',
      'a 0.25',
      'a 0.25',
      'nobody',
      'a 0.50',
    ]);
    expect(on(book, '2018-04-12', 4)).toBe('a 0.20');
    const found = book.providerOn({ appId: 'app_1', day: day('2018-04-12'), referenceVersion: LATEST });
    expect(found?.engagement).toMatchObject({ confirmationVersion: 2, termsVersion: 1, term: { ratio: null } });
    expect(found?.defaultRatio).toMatchObject({ confirmationVersion: 5, termsVersion: 4, actor: 'li.wei' });
  });

  test("is nobody's business of another app", () => {
    const book = new ProviderBook([confirmed(2, '2018-04-01', ['a', 'app_1'], [['0.20', '2018-04-01']])]);
    expect(book.providerOn({ appId: 'app_2', day: day('2018-04-10'), referenceVersion: LATEST })).toBeNull();
  });
});
