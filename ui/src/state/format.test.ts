import { describe, expect, it } from 'vitest';
import { amount } from './decimal';
import { ago, clock, compact, duration, growth, host, money, percent, remaining, tokensIn, when } from './format';

describe('money', () => {
  it.each([
    ['0', '$0.00'],
    ['0.000000', '$0.00'],
    ['0.1', '$0.1000'],
    ['0.01234', '$0.0123'],
    ['0.01235', '$0.0124'],
    ['0.00004', '<$0.0001'],
    ['0.00005', '$0.0001'],
    ['0.99995', '$1.0000'],
    ['1', '$1.00'],
    ['1.005', '$1.01'],
    ['1234.5', '$1,234.50'],
    ['-2.5', '-$2.50'],
    ['9007199254740993.01', '$9,007,199,254,740,993.01'],
    ['about ten', 'about ten'],
    [null, '–'],
    [undefined, '–'],
  ])('%s → %s', (value, shown) => {
    expect(money(value, 'en-US')).toBe(shown);
  });

  it('loses_no_digit_when_exact', () => {
    expect(money('0.1000000000000000055511151231257827', 'en-US', true)).toBe('$0.1000000000000000055511151231257827');
    expect(money('12.5', 'en-US', true)).toBe('$12.50');
    expect(money('3', 'en-US', true)).toBe('$3.00');
  });

  it('speaks_the_locale', () => {
    expect(money('1234.5', 'de-DE')).toBe('$1.234,50');
    expect(money('1234.5', 'zh-CN')).toBe('$1,234.50');
  });
});

describe('tokens', () => {
  it('count_in_what_came_from_a_cache_or_went_into_one', () => {
    expect(tokensIn({ input_tokens: 3, cache_read_tokens: 50, cache_write_5m_tokens: 7, cache_write_1h_tokens: 1 })).toBe(61);
    expect(tokensIn({ input_tokens: 3, cache_write_tokens: 8, cache_write_5m_tokens: 7, cache_write_1h_tokens: 1 })).toBe(11);
    expect(tokensIn({})).toBeNull();
  });

  it.each([
    [0, '0'],
    [9_999, '9,999'],
    [10_000, '10.0k'],
    [99_949, '99.9k'],
    [123_456, '123k'],
    [999_499, '999k'],
    [999_500, '1.0M'],
    [1_260_000, '1.3M'],
    [null, '–'],
  ])('%s → %s', (value, shown) => {
    expect(compact(value, 'en-US')).toBe(shown);
  });
});

describe('time', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1240, '1.24 s'],
    [9_994, '9.99 s'],
    [12_400, '12.4 s'],
    [59_949, '59.9 s'],
    [60_000, '1 min 00 s'],
    [3_900_000, '1 h 05 min'],
    [null, '–'],
  ])('%s ms → %s', (value, shown) => {
    expect(duration(value, 'en-US')).toBe(shown);
  });

  it('counts_down_to_nothing', () => {
    const until = '2026-01-01T00:01:00Z';
    expect(remaining(until, Date.parse('2026-01-01T00:00:18Z'))).toBe(42_000);
    expect(remaining(until, Date.parse(until))).toBeNull();
    expect(remaining(null, 0)).toBeNull();
    expect(clock(42_000)).toBe('42 s');
  });

  it('names_the_day_only_when_it_is_not_today', () => {
    const at = new Date(2026, 0, 2, 9, 5, 7);
    expect(when(at.toISOString(), at.getTime(), 'en-US')).toBe('09:05:07');
    expect(when(at.toISOString(), at.getTime() + 86_400_000, 'en-US')).toBe('1/2, 09:05');
  });
});

describe('growth', () => {
  it.each([
    [100, 120, '+20%'],
    [1000, 995, '-0.5%'],
    [100, 0, '-100%'],
    [100, null, ''],
    [null, 100, ''],
    [0, 100, ''],
    [7, 7, ''],
  ])('from %j to %j is %j', (before, after, wanted) => expect(growth(before, after, 'en-US')).toBe(wanted));

  it('does_not_take_an_unknown_price_for_nothing', () => {
    expect(growth(amount('0.0012'), amount(null), 'en-US')).toBe('');
    expect(growth(amount('0.0012'), amount('0'), 'en-US')).toBe('-100%');
  });
});

describe('percent', () => {
  it('never_rounds_up_to_a_perfect_score', () => {
    expect(percent(0.99999, 'en-US')).toBe('99.9%');
    expect(percent(1, 'en-US')).toBe('100%');
    expect(percent(0.871, 'en-US')).toBe('87%');
    expect(percent(null, 'en-US')).toBe('–');
  });
});

describe('host', () => {
  it('takes_what_tells_providers_apart', () => {
    expect(host('https://relay.example:8443/api/v1')).toBe('relay.example:8443');
    expect(host('not a url')).toBe('not a url');
    expect(host(null)).toBe('');
  });
});

describe('ago', () => {
  it.each([
    [0, 'en', 'now'],
    [42, 'en', '42 sec. ago'],
    [185, 'en', '3 min. ago'],
    [7300, 'en', '2 hr. ago'],
    [90_000, 'en', 'yesterday'],
    [90_000, 'zh-CN', '昨天'],
    [-5, 'en', 'now'],
  ])('%d s in %s: %s', (seconds, locale, wanted) => {
    const now = Date.UTC(2026, 0, 20);
    expect(ago(new Date(now - seconds * 1000).toISOString(), now, locale)).toBe(wanted);
  });
});
