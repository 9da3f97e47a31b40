import { describe, expect, it } from 'vitest';
import type { Preset } from '../api/providers';
import { addressFault, blank, changes, fromPreset, fromTable, keyEntry, newFields, unfilled } from './draft';
import { named, written } from './written';

const RELAY = `
version = 1
[[providers]]
name = "relay"
dialect = "anthropic"
base_url = "https://relay.example/api"
auth = { header = "X-Key" }
keys = ["env:RELAY_KEY"]
models = { big = ["glm-4.6", "glm-4.5"], small = "qwen3-8b" }
model_map = { "claude-*" = "glm-4.6" }
timeouts = { first_event = "30s" }
retry = { attempts = 1, base = "1s" }
price = { multiplier = 0.5, models = { "glm-4.6" = { input = 0.6 } } }
limits = { rpm = 60 }
count_tokens = true
`;

async function relay() {
  const table = named((await written(async () => ({ toml: RELAY }))).providers, 'relay');
  if (!table) throw new Error('no relay');
  return table;
}

describe('a written provider', () => {
  it('changes_nothing_when_nothing_is_changed', async () => {
    const table = await relay();
    expect(changes(table, fromTable(table))).toEqual({});
  });

  it('sends_only_what_was_changed_and_keeps_what_the_form_does_not_show', async () => {
    const table = await relay();
    const draft = fromTable(table);
    draft.attempts = '3';
    draft.multiplier = '';
    draft.limits = { rpm: '', tpm: '', concurrency: '' };
    draft.models.small = [];
    draft.auth = 'bearer';
    expect(changes(table, draft)).toEqual({
      retry: { attempts: 3, base: '1s' },
      price: { models: { 'glm-4.6': { input: 0.6 } } },
      limits: null,
      models: { big: ['glm-4.6', 'glm-4.5'] },
      auth: 'bearer',
    });
  });

  it('leaves_it_to_the_daemon_to_refuse_what_is_no_number', async () => {
    const table = await relay();
    const draft = fromTable(table);
    draft.limits.rpm = 'many';
    expect(changes(table, draft)).toEqual({ limits: { rpm: 'many' } });
  });
});

describe('an address with a variable', () => {
  it.each(['http://127.0.0.1:${OLLAMA_PORT}', '${OPENAI_BASE_URL}'])('%s stays as it is written', async (base_url) => {
    const table = { ...(await relay()), base_url };
    const draft = { ...fromTable(table), attempts: '3' };
    expect(addressFault(draft)).toBe(false);
    expect(changes(table, draft)).toEqual({ retry: { attempts: 3, base: '1s' } });
    expect(changes(table, { ...fromTable(table), base_url: `${base_url}/v1` })).toEqual({ base_url: `${base_url}/v1` });
  });
});

describe('an address that cannot be one', () => {
  it.each([
    ['typed', 'http://a:99999', 'http://b:1', true],
    ['as it is written', 'http://a:99999', 'http://a:99999', false],
    ['given its scheme alone', 'https://a b', 'a b', false],
    ['not there', '', 'http://b:1', false],
  ])('%s', (_, base_url, written, wrong) => expect(addressFault({ dialect: 'anthropic', base_url }, written)).toBe(wrong));
});

describe('a new provider', () => {
  const preset: Preset = {
    name: 'azure',
    title: 'Azure',
    dialect: 'openai-chat',
    base_url: 'https://your-resource.openai.azure.com/openai/v1',
    auth: { header: 'api-key' },
    local: false,
    placeholders: ['your-resource'],
  };

  it('has_only_what_is_filled_in', () => {
    expect(newFields({ ...blank(), name: ' x ', base_url: 'http://127.0.0.1:1' })).toEqual({
      name: 'x',
      dialect: 'anthropic',
      base_url: 'http://127.0.0.1:1',
    });
  });

  it('begins_as_its_preset_says', () => {
    const draft = fromPreset(preset);
    expect(newFields(draft)).toMatchObject({ name: 'azure', auth: { header: 'api-key' } });
    expect(unfilled(draft, preset.placeholders)).toEqual(['your-resource']);
    expect(unfilled({ base_url: 'https://mine.openai.azure.com' }, preset.placeholders)).toEqual([]);
  });
});

describe('keyEntry', () => {
  it.each([
    ['paste', ' sk-1 ', 'sk-1'],
    ['env', 'RELAY_KEY', 'env:RELAY_KEY'],
    ['env', 'env:RELAY_KEY', 'env:RELAY_KEY'],
    ['file', '/run/key', 'file:/run/key'],
    ['paste', '  ', null],
  ] as const)('%s %j → %j', (way, value, wanted) => {
    expect(keyEntry(way, value)).toBe(wanted);
  });
});
