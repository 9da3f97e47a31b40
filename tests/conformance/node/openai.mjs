// What both OpenAI programs share: the client, and the models, which belong to no dialect.
import OpenAI from 'openai';

export const openai = (x) => new OpenAI({ baseURL: x.base, apiKey: x.key, maxRetries: 0, timeout: 30_000 });

export const user = (content) => ({ role: 'user', content });

export async function models(sdk, x) {
  const page = await sdk.models.list();
  x.true('models', page.data.length > 0 && page.data.every(({ id }) => id), page.data);
  x.same('object', page.object, 'list');
}
