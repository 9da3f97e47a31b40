// What every Node client here shares: the plan it is given, and how a check tells what it saw.
//
// A program reads its plan from standard input and prints one JSON object a check. An expectation that is not met is
// told by its name and does not end the check, so that a known loss does not hide an unknown one.
import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';

/** The status of the last answer, and the losses that the answers of the running check told. */
let lastStatus;
const losses = new Set();

const reach = globalThis.fetch;
globalThis.fetch = async (...call) => {
  const response = await reach(...call);
  lastStatus = response.status;
  const told = (response.headers.get('x-turnout-loss') ?? '').split(',').map((part) => part.trim());
  told.filter(Boolean).forEach((part) => losses.add(part));
  return response;
};

/** One check of one provider: its target, the lessons by their names, and what it found missing. */
class Check {
  missing = {};

  constructor({ base, model, embedding_model }, lessons, key) {
    Object.assign(this, lessons, { base, model, embeddingModel: embedding_model, key });
  }

  same(what, got, want) {
    if (!isDeepStrictEqual(got, want)) this.missing[what] = `${JSON.stringify(got)}, not ${JSON.stringify(want)}`;
  }

  holds(what, whole, part) {
    if (!whole?.includes(part)) this.missing[what] = `${JSON.stringify(part)} is not in ${JSON.stringify(whole)}`;
  }

  true(what, condition, got) {
    if (!condition) this.missing[what] = JSON.stringify(got) ?? 'undefined';
  }

  /** What the provider was sent, as its answer shows it; the runner looks into it. */
  sent(text) {
    this.body = JSON.parse(text);
  }

  /** A stream that began well and broke off must not look like one that ended. */
  async breaksOff(call) {
    await caught(call);
    this.same('status of what began', lastStatus, 200);
  }

  /** `error` is what the SDK raised: it has to be of its class for this status. */
  refusal(error, kind, status, got) {
    this.true('error class', error instanceof kind, error.constructor.name);
    this.same('status', got, status);
    this.true('message', error.message?.trim(), error.message);
  }
}

/** Everything that an iteration gives. */
export async function all(iteration) {
  const items = [];
  for await (const item of iteration) items.push(item);
  return items;
}

/** The error that `call` ends with; the SDK must not succeed. */
export async function caught(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('no error was raised');
}

/** Where an error that no provider told came from. */
const place = (error) =>
  error.stack
    ?.split('\n')
    .find((line) => line.includes('.mjs'))
    ?.trim();

/** Runs `checks` against every target of the plan. `connect` gives the SDK's client; `status` reads an SDK error. */
export async function run(client, connect, checks, status) {
  const plan = JSON.parse(await text(process.stdin));
  for (const target of plan.targets) {
    for (const [name, check] of Object.entries(checks)) {
      if (plan.only && !plan.only.includes(name)) continue;
      const one = new Check(target, plan.lessons, plan.key);
      lastStatus = undefined;
      losses.clear();
      const told = { client, language: 'node', provider: target.provider, check: name };
      try {
        await check(connect(one), one);
        told.ok = Object.keys(one.missing).length === 0;
      } catch (error) {
        const known = status(error);
        const words = `${error.constructor.name}: ${error.message}`.slice(0, 600);
        Object.assign(told, { ok: false, status: known, error: known ? words : `${words} ${place(error)}` });
      }
      Object.assign(told, {
        sent: one.body,
        missing: one.missing,
        losses: [...losses].sort(),
      });
      console.log(JSON.stringify(told));
    }
  }
}
