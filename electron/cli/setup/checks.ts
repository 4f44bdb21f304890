import { createPrivateKey, X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection, createServer, isIP } from 'node:net';
import { z } from 'zod';
import { command } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { reasonOf } from '../../../sync/errors/reason.ts';
import { tryStore } from '../../../sync/server/app/checks/reach.ts';
import { reachMail } from '../../../sync/server/core/accounts/mail.ts';
import { mailSettings, mailVariables } from '../../../sync/server/core/accounts/settings.ts';
import { periodsOf } from '../../../sync/server/features/backup/store-of.ts';
import { retentionSettings, retentionVariables } from '../../../sync/server/features/privacy/retention/settings.ts';
import { readDatabaseUrl } from '../../../sync/server/platform/database/url.ts';
import { notListening } from '../../../sync/server/platform/http/not-listening.ts';
import { setupBucket } from '../../../sync/server/platform/objects/bucket/setup.ts';
import { objectSettings, objectVariables } from '../../../sync/server/platform/objects/settings.ts';

/** Tries out the answers of a set-up. Checks of a running server are in the doctor (docs/operate/health.md). */

export type Answers = Readonly<Record<string, string | undefined>>;

const NONE: readonly string[] = [];
const CONNECT_MS = 10_000;

/** Parses some of the server's variables with the server's own schema. @throws Problem `answer-wrong` */
function read<T extends z.ZodRawShape>(variables: T, answers: Answers): z.infer<z.ZodObject<T>> {
  const given = Object.fromEntries(Object.keys(variables).map((name) => [name, answers[name] || undefined]));
  const parsed = z.object(variables).safeParse(given);
  if (parsed.success) return parsed.data as z.infer<z.ZodObject<T>>;
  throw wrong(parsed.error.issues.map((i) => `${String(i.path[0])} ${i.message}`).join('\n'));
}

const wrong = (reason: string) => new Problem('answer-wrong', { reason });

/** Checks the form of the address. setup.ts then connects to it, and asks again if that fails. */
export async function checkDatabase({ SMARTPRESENCE_DATABASE_URL: url }: Answers): Promise<readonly string[]> {
  if (!url) return ['The embedded database is for evaluation: not safe against power loss, one server only.'];
  const address = readDatabaseUrl(url);
  if (typeof address === 'string') throw wrong(`The database’s address ${address}.`);
  return NONE;
}

export async function checkPorts(answers: Answers, before: Answers): Promise<readonly string[]> {
  const host = answers.SMARTPRESENCE_BIND!;
  if (isIP(host) === 0) throw wrong(`${host} is not an IP address; 0.0.0.0 means all addresses of this machine.`);
  // A port that is already configured is in use by the running server itself.
  for (const name of ['SMARTPRESENCE_PEOPLE_PORT', 'SMARTPRESENCE_DEVICE_PORT'])
    if (answers[name] !== before[name] || host !== before.SMARTPRESENCE_BIND)
      await requireFree(host, answers[name]!, name);
  if (
    answers.SMARTPRESENCE_PEOPLE_PORT === answers.SMARTPRESENCE_DEVICE_PORT &&
    answers.SMARTPRESENCE_PEOPLE_PORT !== '0'
  )
    throw wrong('Console and kiosks each need their own port.');
  return NONE;
}

/** Looks up the host names. A name may be new and get its address later, so failures are only noted. */
export async function checkNames({ SMARTPRESENCE_HOSTNAMES: hosts }: Answers): Promise<readonly string[]> {
  const names = (hosts ?? '').split(',').map((name) => name.trim());
  const found = await Promise.allSettled(names.map((name) => lookup(name)));
  return names
    .filter((_, i) => found[i]!.status === 'rejected')
    .map(
      (name) =>
        `${name} has no address in this machine’s DNS. Add it there. If it is misspelt, finish, then run \`${command('setup')}\` again.`,
    );
}

async function requireFree(host: string, text: string, setting: string): Promise<void> {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong(`${text} is not a port number.`);
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  } catch (cause) {
    throw notListening(cause, host, port, setting);
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}

export async function checkCertificate(a: Answers): Promise<readonly string[]> {
  if (!a.SMARTPRESENCE_PEOPLE_CERT) return NONE;
  const refuse = (reason: string) => new Problem('bad-people-certificate', { reason });
  let certificate: X509Certificate;
  let belongs: boolean;
  try {
    certificate = new X509Certificate(readFileSync(a.SMARTPRESENCE_PEOPLE_CERT));
    belongs = certificate.checkPrivateKey(createPrivateKey(readFileSync(a.SMARTPRESENCE_PEOPLE_KEY!)));
  } catch {
    throw refuse('certificate or key can’t be read as PEM');
  }
  if (!belongs) throw refuse('the key does not belong to the certificate');
  if (Date.parse(certificate.validTo) < Date.now()) throw refuse(`it ended on ${certificate.validTo}`);
  const host = (a.SMARTPRESENCE_HOSTNAMES ?? '').split(',')[0]!.trim();
  const names = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host);
  if (!names) throw refuse(`it is for ${certificate.subjectAltName ?? certificate.subject}, not for ${host}`);
  return NONE;
}

/** Only connects, since the broker gets its certificate later. @returns why it failed, or null */
async function connect(host: string, port: number): Promise<string | null> {
  const socket = createConnection({ host, port, timeout: CONNECT_MS });
  try {
    socket.once('timeout', () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    await once(socket, 'connect');
    return null;
  } catch (cause) {
    return reasonOf(cause) ?? String(cause);
  } finally {
    socket.destroy();
  }
}

export async function checkBroker(a: Answers, before: Answers): Promise<readonly string[]> {
  if (a.SMARTPRESENCE_MQTT === 'embedded' && before.SMARTPRESENCE_MQTT !== 'embedded')
    await requireFree(
      a.SMARTPRESENCE_BIND ?? '0.0.0.0',
      a.SMARTPRESENCE_MQTT_PORT ?? '8883',
      'SMARTPRESENCE_MQTT_PORT',
    );
  const { SMARTPRESENCE_MQTT_URL: url } = a;
  if (!url) return NONE;
  if (!/^mqtts:\/\/[^\s/@]+$/.test(url) || !URL.canParse(url)) throw wrong('A broker’s address is mqtts://HOST:PORT.');
  const { hostname, port } = new URL(url);
  const fault = await connect(hostname, Number(port || 8883));
  return [
    ...(fault === null ? [] : [`No broker answers there yet (${fault}).`]),
    `Its configuration, rules and certificate are written by \`${command('server mosquitto --out FOLDER --hostname HOST')}\`; \`doctor\` then publishes and receives.`,
  ];
}

/** Writes, reads back and deletes a small object. A missing bucket is created. */
export async function checkStore(a: Answers): Promise<readonly string[]> {
  if (!a.S3_BUCKET_NAME) return ['Without an object store there are no backups.'];
  const settings = objectSettings(read(objectVariables, a));
  if (!settings) throw wrong('Region, access key id and secret access key are needed.');
  try {
    await tryStore(settings);
    return NONE;
  } catch (cause) {
    if (!(cause instanceof Problem && cause.code === 's3-bucket-missing')) throw cause;
  }
  await setupBucket(settings, periodsOf({ s3: settings, retention: retentionSettings(read(retentionVariables, a)) }), {
    dryRun: false,
    // Other stores than AWS may treat a condition in it as met and lock everyone out. That is left to `backup setup`.
    withoutPolicy: true,
  });
  await tryStore(settings);
  return [`The bucket ${settings.bucket} was created. Set its policy with: ${command('backup setup')}`];
}

/** Checks everything short of sending a mail, including name and password. */
export async function checkMail(a: Answers): Promise<readonly string[]> {
  const settings = mailSettings(read(mailVariables, a));
  if (!settings) return NONE;
  const reason = await connect(settings.host, settings.port);
  if (reason !== null) throw new Problem('mail-not-sent', { what: 'does not answer', reason });
  await reachMail(settings);
  return NONE;
}
