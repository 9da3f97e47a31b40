// What every client asks and what has to come back. A scenario of the practice provider travels in each prompt.
import { deflateSync } from 'node:zlib';

const ARGS = { city: 'Zürich', unit: 'celsius' };
const call = (scenario) =>
  `How is the weather? [[practice:${scenario};tool=get_weather;args=${encodeURIComponent(JSON.stringify(ARGS))}]]`;

/** A PNG of 16 by 16 pixels, all of one colour. */
function picture() {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc(body));
    return Buffer.concat([size, body, check]);
  };
  const head = Buffer.from([0, 0, 0, 16, 0, 0, 0, 16, 8, 2, 0, 0, 0]);
  const rows = Buffer.concat(
    Array.from({ length: 16 }, () => Buffer.from([0, ...Array(16).fill([32, 96, 192]).flat()])),
  );
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [signature, chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat(parts).toString('base64');
}

/** The checksum of a PNG chunk. */
function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

export const LESSONS = {
  system: 'You are tested for conformance.',
  plain: { prompt: 'Grüezi from the suite', answer: 'Grüezi from the suite' },
  stream: { prompt: 'Say it in pieces [[practice:text;deltas=6]]', answer: 'Say it in pieces' },
  thinking: { prompt: 'Think first [[practice:thinking]]', answer: 'Think first', thought: 'This is practice.' },
  tool: {
    name: 'get_weather',
    description: 'Tells the weather of a city.',
    schema: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
      required: ['city', 'unit'],
      additionalProperties: false,
    },
    result: 'snow, reading',
  },
  tool_call: { prompt: call('tool'), args: ARGS, calls: 1 },
  tool_calls: { prompt: call('tools2'), args: ARGS, calls: 2 },
  image: { prompt: 'What is this? [[practice:echo-request]]', type: 'image/png', data: picture() },
  echo: { prompt: 'Show what arrived [[practice:echo-request]]' },
  file: { id: 'file-0123456789', uri: 'https://generativelanguage.googleapis.com/v1beta/files/0123456789' },
  stop: 'THE END',
  structured: { prompt: 'Name a book.' },
  usage: {
    prompt: 'Count [[practice:text;usage_in=100;cache_read=30;usage_out=20]]',
    input: 100,
    cached: 30,
    output: 20,
  },
  limit: { prompt: `Go on ${'and on '.repeat(40)}`, tokens: 16 },
  broken: { prompt: 'Break off [[practice:cut;after=2;deltas=8]]' },
  embedding: { texts: ['the first text', 'the second text'] },
  errors: {
    400: 'Refuse this [[practice:400;message=The practice request is wrong]]',
    401: 'Refuse this [[practice:401]]',
    429: 'Refuse this [[practice:429;retry_after=none]]',
  },
};
