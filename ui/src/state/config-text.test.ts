import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/http';
import { settingsApi, type Config } from '../api/settings';
import { ConfigText } from './config-text.svelte';

const file = (toml: string): Config => ({ path: '/c.toml', toml, errors: [], in_use: true, etag: `of ${toml}` });

describe('the text of the config', () => {
  /** What stands in the file. */
  let there: Config;
  let config: ConfigText;

  beforeEach(async () => {
    there = file('old');
    vi.spyOn(settingsApi, 'config').mockImplementation(async () => there);
    vi.spyOn(settingsApi, 'write').mockImplementation(async (toml, etag) => {
      if (etag !== there.etag) throw new ApiError(412, 'changed', 'It changed.');
      return (there = file(toml));
    });
    config = new ConfigText();
    await config.load();
  });

  it('is_no_draft_once_what_was_typed_is_taken_back', async () => {
    config.write('old!');
    config.write('old');
    expect(config.changed).toBe(false);
    there = file('theirs');
    await config.load();
    expect(config.text).toBe('theirs');
    expect(await config.save()).toBe(false);
    expect(there.toml).toBe('theirs');
  });

  it('begun_while_another_was_on_its_way_is_not_saved_over_that_one', async () => {
    there = file('theirs');
    const load = config.load();
    config.write('mine');
    await load;
    expect([config.text, config.overtaken]).toEqual(['mine', true]);
    expect(await config.save()).toBe(false);
    expect(there.toml).toBe('theirs');
    expect(await config.save(true)).toBe(true);
    expect([there.toml, config.changed, config.overtaken]).toEqual(['mine', false, false]);
  });

  it('shows_the_other_text_when_a_refused_draft_is_given_up', async () => {
    config.write('mine');
    there = file('theirs');
    expect(await config.save()).toBe(false);
    expect([config.overtaken, config.refused]).toEqual([true, null]);
    config.discard();
    expect(config.text).toBe('theirs');
  });

  it('goes_on_from_what_was_saved_when_typing_went_on', async () => {
    config.write('mine');
    const save = config.save();
    config.write('mine and more');
    await save;
    expect([config.text, config.overtaken]).toEqual(['mine and more', false]);
    expect(await config.save()).toBe(true);
    expect(there.toml).toBe('mine and more');
  });

  it('saved_is_not_put_back_by_an_answer_from_before', async () => {
    let answer = (_: Config) => {};
    vi.mocked(settingsApi.config).mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    const load = config.load();
    config.write('mine');
    await config.save();
    answer(file('old'));
    await load;
    expect(config.text).toBe('mine');
  });
});
