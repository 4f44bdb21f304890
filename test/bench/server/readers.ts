import { Agent, request } from 'node:https';

export const READERS = 8;
/** Of each reader, in a turn. */
const REQUESTS = 30;

/** How many readers at once did. */
export interface Load {
  /** Of each request, ms. */
  times: number[];
  seconds: number;
}
export const none = (): Load => ({ times: [], seconds: 0 });

export async function readersAtOnce(
  load: Load,
  request: (reader: number, i: number) => Promise<unknown>,
  requests = REQUESTS,
): Promise<void> {
  const began = performance.now();
  await Promise.all(
    Array.from({ length: READERS }, async (_, reader) => {
      for (let i = 0; i < requests; i++) {
        const start = performance.now();
        await request(reader, i);
        load.times.push(performance.now() - start);
      }
    }),
  );
  load.seconds += (performance.now() - began) / 1000;
}

/** Someone at the console: connections that stay, and the cookie of a session. */
export function asBrowser(origin: string, cookie: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: READERS, rejectUnauthorized: false });
  /** @returns the answer as it came */
  const fetched = (path: string, body?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const [method, more] = body ? ['POST', { origin, 'content-type': 'application/json' }] : ['GET', {}];
      request(`${origin}${path}`, { method, agent, headers: { cookie, ...more } }, (answer) => {
        let text = '';
        answer
          .on('data', (piece) => {
            text += piece;
          })
          .once('end', () =>
            answer.statusCode === 200 ? resolve(text) : reject(new Error(`${path} answered ${answer.statusCode}`)),
          );
      })
        .once('error', reject)
        .end(body);
    });
  const get = async (path: string, query: Record<string, string>): Promise<void> =>
    void (await fetched(`${path}?${new URLSearchParams(query)}`));
  const post = async (path: string, body: unknown): Promise<unknown> =>
    JSON.parse(await fetched(path, JSON.stringify(body)));
  return { get, post, cookie, close: () => agent.destroy() };
}
