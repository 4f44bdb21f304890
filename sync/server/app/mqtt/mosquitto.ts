import { chownSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { replaceFile } from '../../../disk/replace.ts';
import { Problem } from '../../../errors/problem.ts';
import { MAX_SEALED_BYTES } from '../../../protocol/wire/batch.ts';
import { downTopic, presenceFilter, presenceTopic, upFilter, upTopic } from '../../../protocol/wire/topics.ts';
import type { KeyAndCertificate } from '../../platform/keys/certificates.ts';

export interface AccessOptions {
  readonly serverId: string;
  /** Names of the servers (SMARTPRESENCE_REPLICA); '' is the server without a name. Empty or absent: only that one. */
  readonly replicas?: readonly string[];
  /** Revoked devices whose certificates the broker would still accept. */
  readonly revoked?: readonly string[];
}

export interface MosquittoOptions extends AccessOptions {
  /** Folder for the files, private to the broker's user. */
  readonly folder: string;
  /** Where the broker keeps sessions and retained messages. */
  readonly dataFolder: string;
  /** Certificate for the broker, issued by the server's CA, with its chain. */
  readonly certificate: KeyAndCertificate;
  /** CAs whose client certificates are accepted, PEM. */
  readonly caPems: readonly string[];
  /** Address to listen on. Absent: all. */
  readonly bind?: string;
  readonly port: number;
  /** Port of MQTT over WebSocket. Null: none. */
  readonly wssPort: number | null;
  readonly maxConnections?: number;
  /** User that the broker changes to when root starts it. */
  readonly user?: string;
  /** Owner of folders and files, which only root can set. Absent: the current user. */
  readonly owner?: Owner;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** State folder of build/systemd/smartpresence-mosquitto.service, the only folder that the broker may write to. */
export const BROKER_DATA = '/var/lib/smartpresence-mosquitto';

/**
 * Returns a server's name at its broker: the CN of its client certificate. A device's name is its id, a plain UUID, so the
 * prefix prevents any device from having a server's name, and with it a server's rights.
 */
export function brokerUser(serverId: string, replica = ''): string {
  return `server.${serverId}${replica && `.${replica}`}`;
}

/**
 * Returns the access rules. A device writes its own up and presence topics and reads its own down topic. The server reads the
 * former and writes the latter. Nobody may do anything else. `%u` is the user, which is the CN of the certificate.
 *
 * A revoked device can connect (its certificate stays valid) but may do nothing: a `deny` comes before every right. These are
 * rules rather than a certificate revocation list (CRL), because they apply to open connections too and never expire, whereas
 * an expired CRL makes a broker refuse everybody. And once a CA was replaced, its key is destroyed, so nobody could sign a
 * CRL for the certificates it had issued.
 */
export function mosquittoAcl({ serverId, replicas = [], revoked = [] }: AccessOptions): string {
  const users = replicas.length === 0 ? [brokerUser(serverId)] : replicas.map((r) => brokerUser(serverId, r));
  const server = users.map((user) =>
    [
      `user ${user}`,
      `topic read ${upFilter(serverId)}`,
      `topic read ${presenceFilter(serverId)}`,
      `topic write ${downTopic(serverId, '+')}`,
    ].join('\n'),
  );
  const denied = [...revoked].sort().map((id) => `user ${id}\ntopic deny #`);
  const device = [
    `pattern write ${upTopic(serverId, '%u')}`,
    `pattern write ${presenceTopic(serverId, '%u')}`,
    `pattern read ${downTopic(serverId, '%u')}`,
  ].join('\n');
  return `${[...server, ...denied, device].join('\n\n')}\n`;
}

/** Names the servers in the access rules, for a message. */
export function brokerNames(replicas: readonly string[]): string {
  const named = replicas.filter((name) => name !== '');
  if (named.length === 0) return 'this one alone';
  return [...(named.length < replicas.length ? ['the one without SMARTPRESENCE_REPLICA'] : []), ...named].join(', ');
}

/**
 * Writes only the access rules, into a folder made by `writeMosquitto`. The broker reads them on SIGHUP.
 *
 * @param owner new owner of the file; null keeps its owner
 * @returns whether the rules changed
 * @throws Problem `mosquitto-rules-missing` if there are none yet, `path-not-usable` if this user may not write them
 */
export function writeMosquittoAccess(folder: string, access: AccessOptions, owner: Owner | null = null): boolean {
  const path = join(resolve(folder), 'acl');
  const text = mosquittoAcl(access);
  try {
    const before = statSync(path);
    if (owner) chownSync(path, owner.uid, owner.gid);
    if (readFileSync(path, 'utf8') === text) return false;
    replaceFile(path, text, { owner: owner ?? before, byMany: true });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw notUsable(cause, path);
    throw new Problem('mosquitto-rules-missing', { folder });
  }
}

/** Turns a system error about missing rights into a Problem `path-not-usable`. Returns any other error unchanged. */
function notUsable(cause: unknown, path: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') return cause;
  return new Problem('path-not-usable', {
    path,
    reason: `the user ${userInfo().username} can’t write to it (${code})`,
    cause,
  });
}

/**
 * Writes everything that Mosquitto 2 needs to be the broker of this server: configuration, access rules, CA, certificate and
 * key. Every listener requires TLS 1.3 and a client certificate, from which the user and the client id are taken, so no
 * device can take over another's session.
 *
 * @returns paths: of the configuration to start Mosquitto with, and of the OpenSSL configuration to name in `OPENSSL_CONF`
 * @throws Problem `path-not-usable`
 */
export function writeMosquitto(o: MosquittoOptions): { config: string; openssl: string } {
  const folder = resolve(o.folder);
  const path = (name: string) => join(folder, name);
  // A line break would start another setting.
  for (const text of [folder, resolve(o.dataFolder)])
    if (/[\r\n]/.test(text))
      throw new Problem('path-not-usable', { path: JSON.stringify(text), reason: 'its name has a line break' });
  const { owner } = o;
  const write = (name: string, text: string) =>
    replaceFile(path(name), text, { byMany: true, ...(owner && { owner }) });
  try {
    makePrivate(folder, owner);
    write('ca.pem', o.caPems.map((pem) => `${pem.trim()}\n`).join(''));
    write('broker.pem', o.certificate.certPem);
    write('broker.key', o.certificate.keyPem);
    write('acl', mosquittoAcl(o));
    write('openssl.cnf', OPENSSL);
    write('mosquitto.conf', configuration(o, path));
  } catch (cause) {
    throw notUsable(cause, folder);
  }
  try {
    makePrivate(resolve(o.dataFolder), owner);
  } catch (cause) {
    // systemd makes the state folder of its unit when it starts the broker.
    const problem = notUsable(cause, o.dataFolder);
    if (!(problem instanceof Problem) || o.dataFolder !== BROKER_DATA) throw problem;
  }
  return { config: path('mosquitto.conf'), openssl: path('openssl.cnf') };
}

/** Makes a folder that only its owner can access. Missing folders above it are created accessible to everyone. */
function makePrivate(folder: string, owner: Owner | undefined): void {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (owner) chownSync(folder, owner.uid, owner.gid);
}

/** The WebSocket listener's library ignores `tls_version`, so OpenSSL's own configuration limits it to TLS 1.3. */
const OPENSSL = `openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = tls13
[tls13]
MinProtocol = TLSv1.3
`;

function configuration(o: MosquittoOptions, path: (name: string) => string): string {
  const listener = (port: number, protocol: 'mqtt' | 'websockets') => [
    '',
    `listener ${port}${o.bind ? ` ${o.bind}` : ''}`,
    `protocol ${protocol}`,
    `cafile ${path('ca.pem')}`,
    `certfile ${path('broker.pem')}`,
    `keyfile ${path('broker.key')}`,
    'tls_version tlsv1.3',
    'require_certificate true',
    'use_identity_as_username true',
    'use_username_as_clientid true',
    `max_connections ${o.maxConnections ?? 2000}`,
    // The only TLS 1.2 suite needs a pre-shared key, and there is none. So even if the broker is started without
    // OPENSSL_CONF, its WebSocket listener can't negotiate TLS 1.2 with anyone.
    ...(protocol === 'websockets' ? ['ciphers PSK-AES256-GCM-SHA384'] : []),
  ];
  return `${[
    '# Made by SmartPresence. Start with:',
    `#   OPENSSL_CONF=${path('openssl.cnf')} mosquitto -c ${path('mosquitto.conf')}`,
    ...(o.user ? [`user ${o.user}`] : []),
    'per_listener_settings false',
    'allow_anonymous false',
    `acl_file ${path('acl')}`,
    'persistence true',
    `persistence_location ${resolve(o.dataFolder)}/`,
    'autosave_interval 60',
    'persistent_client_expiration 7d',
    // A kiosk has one message in flight, and the server answers one at a time: more than this is a flood.
    `max_packet_size ${MAX_SEALED_BYTES + 1024}`,
    'max_inflight_messages 20',
    'max_queued_messages 200',
    'max_queued_bytes 33554432',
    'max_keepalive 120',
    'set_tcp_nodelay true',
    'log_dest stderr',
    'log_type error',
    'log_type warning',
    'log_type notice',
    ...listener(o.port, 'mqtt'),
    ...(o.wssPort === null ? [] : listener(o.wssPort, 'websockets')),
  ].join('\n')}\n`;
}
