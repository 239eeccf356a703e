import { describe, expect, it } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { parseEventList } from '../../src/traffic/event-list-file.ts';
import { affectedDays } from '../../src/traffic/import-policies.ts';
import { PolicyBook, storedChecks } from '../../src/traffic/policy.ts';
import { parsePolicies } from '../../src/traffic/policy-file.ts';
import { refusalOf } from '../support/refusals.ts';
import { NO_CHECKS } from './world.ts';

const parse = (...policies: unknown[]) =>
  parsePolicies(JSON.stringify({ traffic_policies: policies }), 'traffic.json').policies;
const FROM = { effective_from: '2018-01-01' };

describe('a policy', () => {
  it('has its defaults for whatever it leaves out', () => {
    const defaults = {
      known_bot: true,
      data_centre: true,
      implausible_rate: { max_impressions: 3600, max_clicks: 100 },
      click_without_impression: false,
      click_too_soon: { min_ms: 500 },
      repeated_click: { window_ms: 10_000 },
    };
    const spelt = {
      ...FROM,
      checks: { implausible_rate: true, click_too_soon: {}, repeated_click: true },
      lookback_days: 1,
    };
    for (const [policy] of [parse(FROM), parse(spelt), parse({ ...FROM, checks: defaults })]) {
      expect([storedChecks(policy?.checks ?? NO_CHECKS), policy?.checks.lookbackDays]).toEqual([defaults, 1]);
    }
  });

  it('turns checks off, and gives them parameters one by one', () => {
    const [policy] = parse({
      ...FROM,
      checks: {
        known_bot: false,
        data_centre: false,
        implausible_rate: { max_clicks: 7 },
        click_too_soon: false,
        repeated_click: false,
      },
      lookback_days: 7,
    });
    expect(policy?.checks).toEqual({
      ...NO_CHECKS,
      implausibleRate: { maxImpressions: 3600, maxClicks: 7 },
      lookbackDays: 7,
    });
  });

  it.each([
    [{}, 'traffic_policies[0].effective_from is missing; write a date that exists'],
    [{ effective_from: '2018-02-30' }, 'traffic_policies[0].effective_from is "2018-02-30"; write a date that exists'],
    [{ ...FROM, lookback_days: 8 }, 'traffic_policies[0].lookback_days is 8; write a whole number from 0 to 7'],
    [
      { ...FROM, checks: { known_bots: true } },
      'traffic_policies[0].checks.known_bots is true, an unknown field; remove it',
    ],
    [{ ...FROM, checks: { known_bot: 'yes' } }, 'traffic_policies[0].checks.known_bot is "yes"; write true or false'],
    [
      { ...FROM, checks: { repeated_click: { window_ms: 3_600_001 } } },
      'traffic_policies[0].checks.repeated_click.window_ms is 3600001; write a whole number from 1 to 3600000',
    ],
    [
      { ...FROM, checks: { repeated_click: { window_ms: 1.5 } } },
      'traffic_policies[0].checks.repeated_click.window_ms is 1.5; write a whole number from 1',
    ],
    [
      { ...FROM, checks: { repeated_click: { window: 1 } } },
      'traffic_policies[0].checks.repeated_click.window is 1, an unknown field; remove it, its fields are window_ms',
    ],
    [
      { ...FROM, checks: { click_too_soon: 500 } },
      'traffic_policies[0].checks.click_too_soon is 500; write an object, its fields are min_ms',
    ],
    [
      { ...FROM, checks: { implausible_rate: { max_clicks: 0 } } },
      'traffic_policies[0].checks.implausible_rate.max_clicks is 0; write a whole number from 1 to 1000000',
    ],
  ])('is refused as %j', (policy, message) => {
    const refusal = refusalOf(() => parse(policy));
    expect(refusal.code).toBe('bad_traffic');
    expect(refusal.message).toContain(message);
  });

  it('is refused where another one begins on that day', () => {
    expect(refusalOf(() => parse(FROM, FROM)).message).toContain(
      'traffic_policies[1].effective_from is "2018-01-01", which traffic_policies[0] has too',
    );
  });
});

describe('a change of policies concerns', () => {
  const day = parseBusinessDay;
  const policy = (from: string, changes: object = {}) => ({
    effectiveFrom: day(from),
    checks: { ...NO_CHECKS, ...changes },
  });
  const rate = { implausibleRate: { maxImpressions: 1, maxClicks: 1 } };
  it.each([
    ['nothing while only events alone are judged', [], [policy('2018-01-01', { knownBot: true })], []],
    ['all days from the first policy on', [], [policy('2018-01-01', rate)], [['2018-01-01', null]]],
    [
      'the days up to the next policy, and its first',
      [policy('2018-02-01', rate)],
      [policy('2018-01-01', rate), policy('2018-02-01', rate)],
      [['2018-01-01', '2018-02-01']],
    ],
    [
      'the days of a policy that changes',
      [policy('2018-01-01'), policy('2018-02-01', rate)],
      [policy('2018-01-01'), policy('2018-02-01')],
      [['2018-02-01', null]],
    ],
    [
      'nothing when a policy says the same as the one before it',
      [policy('2018-01-01', rate)],
      [policy('2018-01-01', rate), policy('2018-02-01', rate)],
      [],
    ],
  ])('%s', (_what, before, after, expected) => {
    const found = affectedDays(new PolicyBook(before), new PolicyBook(after)).map(({ fromDay, toDay }) => [
      fromDay,
      toDay,
    ]);
    expect(found).toEqual(expected);
  });
});

describe('a list of events', () => {
  it('is read from lines and from events of a log', () => {
    const text = 'click e-1\r\nimpression an id with spaces\n\n{"type":"click","id":"e-2","price":"1"}\nclick e-1\n';
    expect([...parseEventList(text, 'events.txt').lines]).toEqual([
      ['click e-1', 1],
      ['impression an id with spaces', 2],
      ['click e-2', 4],
    ]);
  });

  it.each([
    ['e-1', 'line 1 is "e-1", no event; write a type and an id such as "click e-1"'],
    ['clicks e-1', 'line 1'],
    ['click ', 'line 1'],
    ['{"type":"click"}', 'line 1'],
    ['{"type":"click","id":"e-1"', 'line 1'],
    ['\n \n', 'the list is 0, no event at all'],
  ])('is refused as %j', (text, message) => {
    const refusal = refusalOf(() => parseEventList(text, 'events.txt'));
    expect(refusal.code).toBe('bad_event_list');
    expect(refusal.message).toContain(`events.txt: ${message}`);
  });

  it('is refused with more than 100,000 events', () => {
    const text = Array.from({ length: 100_001 }, (_, index) => `click ${index}`).join('\n');
    expect(refusalOf(() => parseEventList(text, 'events.txt')).message).toContain('too many events');
  });
});
