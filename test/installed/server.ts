import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { generateSync } from 'otplib';
import { stillsOfA } from '../footage/index.ts';
import { call, tokenOf } from '../kit/client.ts';
import { reservePorts } from '../services/ports.ts';
import type { Place, RunOptions } from './place.ts';

/** One request of a session; fails when it is refused. */
export type Ask = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

/** A browser's session with a server. @param send how a request gets there */
export function session(
  peopleUrl: string,
  send: (url: string, options: Parameters<typeof call>[1]) => Promise<Sent>,
): Ask {
  let cookie = '';
  return async (method, path, body) => {
    const answer = await send(`${peopleUrl}${path}`, {
      method,
      headers: { origin: peopleUrl, cookie, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    if (answer.headers['set-cookie']) cookie = String(answer.headers['set-cookie']).split(';')[0]!;
    return answer.body === '' ? {} : (JSON.parse(answer.body) as Record<string, unknown>);
  };
}

export type Sent = Pick<Awaited<ReturnType<typeof call>>, 'status' | 'headers' | 'body'>;

/** Of the Debian that a server runs on as a service. */
export const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'procps', 'postgresql', 'mosquitto', 'openssl'];

/** One request from inside, where alone the server's network is: what to ask is in a file, for a picture is long. */
export const REQUEST = `import { readFileSync } from 'node:fs';
import { request } from 'node:https';
const { url, method, headers, body } = JSON.parse(readFileSync('/root/request.json', 'utf8'));
request(url, { method, headers, rejectUnauthorized: false }, async (answer) => {
  const chunks = await answer.toArray();
  const { statusCode: status, headers } = answer;
  console.log(JSON.stringify({ status, headers, body: Buffer.concat(chunks).toString() }));
}).end(body);
`;

/** What an account's owner does with their first link: a password, and a second factor. */
export async function signInFirst(ask: Ask, link: string): Promise<void> {
  await ask('POST', '/api/session', { token: tokenOf(link) });
  await ask('PUT', '/api/account/sign-in', { password: 'a long enough password' });
  const { secret } = (await ask('POST', '/api/account/totp', {})) as { secret: string };
  await ask('POST', '/api/account/totp/confirm', { code: generateSync({ secret }) });
}

/** A server of an installed program, as an operator has it: started and asked by commands, and over its real listener. */
export interface InstalledServer {
  readonly peopleUrl: string;
  /** `smartpresence …` beside the server, as its user; fails when it does. */
  command(...args: string[]): string;
  readonly ask: Ask;
  /** Process id of its Node.js, as this machine counts. */
  readonly process: number;
  stop(): Promise<number | null>;
}

/** Starts it in the foreground, in its own folder and with its embedded database, and signs in by a link of the command's. */
export async function startInstalled(place: Place, o: RunOptions): Promise<InstalledServer> {
  const [people, devices] = await reservePorts(2);
  const options: RunOptions = {
    ...o,
    env: {
      ...o.env,
      SMARTPRESENCE_SERVER_HOME: '/var/lib/smartpresence',
      SMARTPRESENCE_PEOPLE_PORT: String(people),
      SMARTPRESENCE_DEVICE_PORT: String(devices),
    },
  };
  const command = (...args: string[]): string => {
    const { code, out, err } = place.do(['smartpresence', ...args], options);
    if (code !== 0) throw new Error(`smartpresence ${args.join(' ')} ended with ${code}: ${out}${err}`);
    return out;
  };
  const child = place.start(['smartpresence', 'server', 'start'], options);
  let said = '';
  child.stderr!.on('data', (text) => {
    said += text;
  });
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout! }), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the server does not start: ${said}`))),
  ]);
  const { peopleUrl } = JSON.parse(String(line)) as { peopleUrl: string };
  const ask = session(peopleUrl, call);
  // As docs/operate/accounts.md has it: the first account is made beside the server, and its owner sets password and second factor.
  const added = command('accounts', 'add', 'ada@example.org', '--role', 'admin', '--json');
  const { link } = JSON.parse(added) as { link: string };
  await signInFirst(ask, link);
  // The program in the place is the only child of the process that made its namespaces.
  const inner = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  return {
    peopleUrl,
    command,
    ask,
    process: inner,
    async stop() {
      process.kill(inner, 'SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

/** Enrols a face from a photo, as the console does. @returns how it ended */
export async function enrolFromPicture({ ask }: { ask: Ask }): Promise<Record<string, unknown>> {
  const { id } = await ask('POST', '/api/people', { name: 'Ada Lovelace', number: '1815' });
  await ask('POST', `/api/people/${id}/consents`, { textVersion: '1', language: 'en' });
  const pictures = [readFileSync(stillsOfA()[0]!).toString('base64')];
  return ask('POST', `/api/people/${id}/enrolment`, { pictures, source: 'photo' });
}
