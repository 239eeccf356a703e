import { describe, expect, it } from 'vitest';
import { parseCatalog } from '../../src/catalog/catalog-file.ts';
import { catalogText } from '../support/reference-files.ts';
import { refusalOf } from '../support/refusals.ts';

const developer = { id: 'd', name: 'D', type: 'company', country: 'CN' };
const app = { id: 'a', developer_id: 'd', name: 'A', category: 'tools' };
const unit = { id: 'u', app_id: 'a', format: 'banner' };
const card = { effective_from: '2018-01-01', effective_to: '2018-06-30', cpm: '2.50' };
const campaign = (...rateCards: unknown[]) => ({ id: 'c', currency: 'CNY', rate_cards: rateCards });
const developers = (changes: object) => JSON.stringify({ developers: [{ ...developer, ...changes }] });
const apps = (changes: object) => JSON.stringify({ apps: [{ ...app, ...changes }] });
const units = (changes: object) => JSON.stringify({ ad_units: [{ ...unit, ...changes }] });
const cards = (...rateCards: unknown[]) => JSON.stringify({ campaigns: [campaign(...rateCards)] });

const ID = 'write 1 to 64 printable ASCII characters, the first of them no underscore';
const DAY = 'write a date that exists as YYYY-MM-DD, such as "2018-04-15"';
const PRICE = 'write a decimal string from "0" to "1000000" with at most 6 decimals, such as "2.50", or leave it out';
const LISTS = 'write {"developers": [ … ], "apps": [ … ], "ad_units": [ … ], "campaigns": [ … ], "providers": [ … ]}';
const DEVELOPER_FIELDS = 'its fields are id, name, type, country';
const LABEL = 'write 1 to 64 characters without control characters or spaces around them';

const cases: [what: string, text: string, message: string][] = [
  ['an empty file', ' \n', `the file is empty; ${LISTS}`],
  ['a file without lists', '{}', `the file has no list; ${LISTS}`],
  ['a list at the top', '[]', `holds an array; ${LISTS}`],
  ['a number', '7', `holds 7; ${LISTS}`],
  ['an unknown list', '{"plans": []}', `"plans" is no list of this file; ${LISTS}`],
  ['an object for a list', '{"apps": {}}', `apps is an object; ${LISTS}`],
  ['JSON cut off', '{"apps": [', 'not JSON, it ends too early; correct or write the file again'],
  [
    'a stray character, whose line Node does not tell',
    `{"apps": [\n${'\n'.repeat(40)}  {"id": nonsense here and then more text}\n]}`,
    'not JSON, line 42 at "{\\"id\\": nonsense he"; correct or write the file again',
  ],
  ['a text after the end', '{"apps": []}\n}', 'not JSON, at line 2 column 1; correct or write the file again'],
  [
    'an entry that is no object',
    '{"apps": [[]]}',
    'apps[0] is an array; write an object, its fields are id, developer_id, name, category, category_from',
  ],
  ['a missing id', developers({ id: undefined }), `developers[0].id is missing; ${ID}`],
  ['an empty id', developers({ id: '' }), `developers[0].id is ""; ${ID}`],
  ['an id of 65 characters', developers({ id: 'x'.repeat(65) }), `developers[0].id is "${'x'.repeat(65)}"; ${ID}`],
  ['an id that is not ASCII', developers({ id: '七' }), `developers[0].id is "七"; ${ID}`],
  ['a number for an id', developers({ id: 7 }), `developers[0].id is 7; ${ID}`],
  ['a reserved id', developers({ id: '_unassigned' }), `developers[0].id is "_unassigned"; ${ID}`],
  ['a reserved id of an app', apps({ id: '_a' }), `apps[0].id is "_a"; ${ID}`],
  [
    'an empty name',
    developers({ name: '' }),
    'developers[0].name is ""; write 1 to 200 characters without control characters or spaces around them',
  ],
  [
    'a NUL in a name',
    developers({ name: 'a\0b' }),
    'developers[0].name is "a\\u0000b"; write 1 to 200 characters without control characters or spaces around them',
  ],
  [
    'half a surrogate pair',
    apps({ name: 'a\ud800' }),
    'apps[0].name is "a\\ud800"; write 1 to 200 characters without control characters or spaces around them',
  ],
  ['an unknown type', developers({ type: 'firm' }), 'developers[0].type is "firm"; write "company" or "individual"'],
  [
    'a country in words',
    developers({ country: 'China' }),
    'developers[0].country is "China"; write two capital letters as in ISO 3166-1, such as "CN"',
  ],
  [
    'an unknown field',
    developers({ nmae: 'x' }),
    `developers[0].nmae is "x", an unknown field; remove it, ${DEVELOPER_FIELDS}`,
  ],
  ['a long category', apps({ category: 'x'.repeat(65) }), `apps[0].category is "${'x'.repeat(65)}"; ${LABEL}`],
  ['a category with spaces around it', apps({ category: 'tools ' }), `apps[0].category is "tools "; ${LABEL}`],
  [
    'a date that does not exist',
    apps({ category_from: '2018-02-30' }),
    `apps[0].category_from is "2018-02-30"; ${DAY}`,
  ],
  ['an empty format', units({ format: '' }), `ad_units[0].format is ""; ${LABEL}`],
  ['a missing reference', units({ app_id: undefined }), `ad_units[0].app_id is missing; ${ID}`],
  [
    'an id twice',
    JSON.stringify({ developers: [developer, { ...developer, name: 'Other' }] }),
    'developers[1].id is "d", the id of an earlier entry too; keep one of them',
  ],
  [
    'an unknown currency',
    JSON.stringify({ campaigns: [{ ...campaign(card), currency: 'RMB' }] }),
    'campaigns[0].currency is "RMB"; write an upper-case ISO 4217 code with a minor unit, such as "CNY"',
  ],
  ['no rate cards', cards(), 'campaigns[0].rate_cards is an array; write a list of 1 to 1000 rate cards'],
  [
    'a price of 7 decimals',
    cards({ ...card, cpm: '0.1234567' }),
    `campaigns[0].rate_cards[0].cpm is "0.1234567"; ${PRICE}`,
  ],
  [
    'a price that is too high',
    cards({ ...card, cpc: '1000000.01' }),
    `campaigns[0].rate_cards[0].cpc is "1000000.01"; ${PRICE}`,
  ],
  ['a negative price', cards({ ...card, cpc: '-1' }), `campaigns[0].rate_cards[0].cpc is "-1"; ${PRICE}`],
  ['a number for a price', cards({ ...card, cpc: 0.3 }), `campaigns[0].rate_cards[0].cpc is 0.3; ${PRICE}`],
  [
    'no price at all',
    cards({ ...card, cpm: undefined }),
    'campaigns[0].rate_cards[0].cpm is missing, and so is cpc; give at least one of them',
  ],
  [
    'a card that ends before it starts',
    cards({ ...card, effective_to: '2017-12-31' }),
    'campaigns[0].rate_cards[0].effective_to is "2017-12-31", before effective_from 2018-01-01; put the last day there',
  ],
  [
    'two cards on one day',
    cards(card, { ...card, effective_from: '2018-06-30', effective_to: null }),
    'campaigns[0].rate_cards[1].effective_from is "2018-06-30", a day of campaigns[0].rate_cards[0] too, which ends 2018-06-30; end one card before the other starts',
  ],
  [
    'a card after one without end',
    cards({ ...card, effective_from: '2019-01-01', effective_to: '2019-12-31' }, { ...card, effective_to: null }),
    'campaigns[0].rate_cards[0].effective_from is "2019-01-01", a day of campaigns[0].rate_cards[1] too, which ends never; end one card before the other starts',
  ],
];

describe('a catalog in bad form', () => {
  it.each(cases)('is refused for %s', (_what, text, message) => {
    const refusal = refusalOf(() => parseCatalog(text, 'catalog.json'));
    expect(refusal.code).toBe('bad_catalog');
    expect(refusal.message).toBe(`catalog.json: ${message}`);
    expect(refusal.details.source).toBe('catalog.json');
  });

  it('is refused once for all its problems, of which the first 20 are listed', () => {
    const faulty = Array.from({ length: 30 }, (_, index) => ({ ...developer, id: `d${index}`, country: 'xx' }));
    const refusal = refusalOf(() => parseCatalog(JSON.stringify({ developers: faulty }), 'catalog.json'));
    expect(refusal.message).toContain('developers[0].country is "xx"; ');
    expect(refusal.message).toMatch(/ \(and 29 more problems\)$/);
    expect(refusal.details.count).toBe(30);
    expect(refusal.details.problems).toHaveLength(20);
    expect(refusal.details.problems).toContainEqual({
      place: 'developers[19].country',
      value: '"xx"',
      message: 'developers[19].country is "xx"; write two capital letters as in ISO 3166-1, such as "CN"',
    });
  });
});

describe('a catalog in good form', () => {
  it('keeps the order of its lists, and brings prices and cards into one spelling and order', () => {
    const later = { effective_from: '2018-07-01', cpc: '0.30' };
    const catalog = parseCatalog(
      catalogText({ campaigns: [campaign(later, { ...card, cpm: '02.50' })] }),
      'catalog.json',
    );
    expect(catalog.developers.map(each => each.developerId)).toEqual(['dev_7', 'dev_8']);
    expect(catalog.apps[0]).toEqual({
      appId: 'app_7_1',
      developerId: 'dev_7',
      name: 'Lucky Seven',
      category: 'tools',
      categoryFrom: null,
    });
    expect(catalog.campaigns[0]?.rateCards).toEqual([
      { effective_from: '2018-01-01', effective_to: '2018-06-30', cpm: '2.5', cpc: null },
      { effective_from: '2018-07-01', effective_to: null, cpm: null, cpc: '0.3' },
    ]);
  });

  it('may leave out lists', () => {
    expect(parseCatalog('{"apps": []}', 'catalog.json')).toMatchObject({ developers: [], apps: [], campaigns: [] });
  });
});
