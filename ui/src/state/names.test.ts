import { expect, it } from 'vitest';
import { isAddress, isName, withScheme } from './names';

it.each([
  ['relay-2', true],
  ['中转', true],
  ['a.b_c@d', true],
  ['My flaky one', false],
  ['a/b', false],
  ['50%', false],
  ['..', false],
  ['tab\there', false],
])('the name %s', (name, fits) => expect(isName(name)).toBe(fits));

it.each([
  ['127.0.0.1:17950', 'http://127.0.0.1:17950'],
  ['localhost', 'http://localhost'],
  ['LOCALHOST:8080/v1', 'http://LOCALHOST:8080/v1'],
  ['[::1]:80', 'http://[::1]:80'],
  ['localhost.example', 'https://localhost.example'],
  ['relay.example/api', 'https://relay.example/api'],
  ['192.168.1.4:11434', 'https://192.168.1.4:11434'],
  ['//relay.example', 'https://relay.example'],
  [' http://relay.example ', 'http://relay.example'],
  ['', ''],
  ['${OPENAI_BASE_URL}', '${OPENAI_BASE_URL}'],
  [' ${RELAY}/v1 ', '${RELAY}/v1'],
  ['127.0.0.1:${OLLAMA_PORT}', '127.0.0.1:${OLLAMA_PORT}'],
])('the address %s becomes %s', (typed, address) => expect(withScheme(typed)).toBe(address));

it.each([
  ['relay.example', true],
  ['http://[::1]:80/v1', true],
  ['ftp://relay.example', false],
  ['https://', false],
  ['not an address', false],
  ['127.0.0.1:99999', false],
  ['http://127.0.0.1:${OLLAMA_PORT}', true],
  ['${OPENAI_BASE_URL}/v1', true],
])('whether %s is an address', (typed, fits) => expect(isAddress(typed)).toBe(fits));
