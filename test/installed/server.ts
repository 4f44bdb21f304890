import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { generateSync } from 'otplib';
import { stillsOfA } from '../footage/index.ts';
import type { Booted } from '../kiosk-image/debian.ts';
import { call, tokenOf } from '../kit/client.ts';
import { reservePorts } from '../services/ports.ts';
import type { Place, RunOptions } from './place.ts';

/** One request of a session; throws if it is rejected. */
export type Ask = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

/** A browser's session with a server. @param send transports a request */
function session(peopleUrl: string, send: (url: string, options: Parameters<typeof call>[1]) => Promise<Sent>): Ask {
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

type Sent = Pick<Awaited<ReturnType<typeof call>>, 'status' | 'headers' | 'body'>;

/** Packages of the Debian on which a server runs as a service. */
export const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'procps', 'postgresql', 'mosquitto', 'openssl'];

/** PostgreSQL and a database for the server, as in docs/install/first-day.md. */
export const DATABASE = `set -eu
cd /var/lib/postgresql
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \\
  -addext subjectAltName=DNS:localhost -keyout tls.key -out tls.pem 2>/dev/null
chown postgres tls.key tls.pem
chmod 0600 tls.key
install -m 0644 tls.pem /etc/ssl/database.pem
runuser -u postgres -- psql --quiet --set=ON_ERROR_STOP=1 <<END
create role smartpresence login password 'of-the-test';
create database smartpresence owner smartpresence;
grant pg_checkpoint to smartpresence;
alter system set ssl = on;
alter system set ssl_cert_file = '/var/lib/postgresql/tls.pem';
alter system set ssl_key_file = '/var/lib/postgresql/tls.key';
alter system set ssl_min_protocol_version = 'TLSv1.3';
alter system set wal_recycle = off;
END
systemctl restart postgresql@17-main
`;

/** The answers for `smartpresence setup`. @param more further lines */
export const answersOf = (
  hostname: string,
  more: readonly string[] = [],
): string => `SMARTPRESENCE_DATABASE_URL="postgres://smartpresence:of-the-test@localhost/smartpresence?sslmode=verify-full&sslrootcert=/etc/ssl/database.pem"
SETUP_KEYS_COPY=/root/keys
SMARTPRESENCE_HOSTNAMES=${hostname}
SMARTPRESENCE_PEOPLE_PORT=8443
SMARTPRESENCE_DEVICE_PORT=8444
SMARTPRESENCE_PEOPLE_CERT=own
SMARTPRESENCE_SITE="Main entrance"
SMARTPRESENCE_MQTT=embedded
S3_BUCKET_NAME=none
SMTP_URL=none
SETUP_CONTROLLER="Example Ltd"
SETUP_PRIVACY_CONTACT=privacy@example.org
SETUP_DPO="Grace Hopper"
SETUP_ADMIN=ada@example.org
${more.map((line) => `${line}\n`).join('')}`;

/** One request from inside, the only place with access to the server's network. It is in a file, since pictures are long. */
const REQUEST = `import { readFileSync } from 'node:fs';
import { request } from 'node:https';
const { url, method, headers, body } = JSON.parse(readFileSync('/root/request.json', 'utf8'));
request(url, { method, headers, rejectUnauthorized: false }, async (answer) => {
  const chunks = await answer.toArray();
  const { statusCode: status, headers } = answer;
  console.log(JSON.stringify({ status, headers, body: Buffer.concat(chunks).toString() }));
}).end(body);
`;

/** A browser's session with a server on a machine. @param root where this machine sees the other's files */
export const sessionOn = (machine: Booted, root: string, peopleUrl: string): Ask =>
  session(peopleUrl, async (url, options) => {
    writeFileSync(join(root, 'root/request.mjs'), REQUEST);
    writeFileSync(join(root, 'root/request.json'), JSON.stringify({ url, ...options }));
    return JSON.parse(machine.say('/opt/smartpresence/current/bin/node', '/root/request.mjs')) as Sent;
  });

/** What an account's owner does with their first link: sets a password and a second factor. */
export async function signInFirst(ask: Ask, link: string): Promise<void> {
  await ask('POST', '/api/session', { token: tokenOf(link) });
  await ask('PUT', '/api/account/sign-in', { password: 'a long enough password' });
  const { secret } = (await ask('POST', '/api/account/totp', {})) as { secret: string };
  await ask('POST', '/api/account/totp/confirm', { code: generateSync({ secret }) });
}

/** A server run from an installed program as by an operator: started and used by commands, and over its real listener. */
export interface InstalledServer {
  readonly peopleUrl: string;
  /** Runs `smartpresence …` beside the server, as its user; throws if it fails. */
  command(...args: string[]): string;
  readonly ask: Ask;
  /** Process id of its Node.js, as seen by this machine. */
  readonly process: number;
  stop(): Promise<number | null>;
}

/** Starts it in the foreground with its own folder and embedded database, and signs in with a link from the command. */
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
  // As in docs/operate/accounts.md: the first account is made beside the server, and its owner sets password and second factor.
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

/**
 * Enrols a face from a photo, as the console does.
 * @param textVersion of the consent text; by default the one that ships
 * @returns the outcome
 */
export async function enrolFromPicture({ ask }: { ask: Ask }, textVersion = '1'): Promise<Record<string, unknown>> {
  const { id } = await ask('POST', '/api/people', { name: 'Ada Lovelace', number: '1815' });
  await ask('POST', `/api/people/${id}/consents`, { textVersion, language: 'en' });
  const pictures = [readFileSync(stillsOfA()[0]!).toString('base64')];
  return ask('POST', `/api/people/${id}/enrolment`, { pictures, source: 'photo' });
}
