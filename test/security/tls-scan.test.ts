import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCa, issueServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { newServer } from '../kit/server.ts';
import { mosquittoMissing, startMosquitto } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';
import { postgresUnavailable, startPostgres } from '../services/postgres.ts';

/** Every listener as seen by Debian's sslscan, an independent check of what each of them negotiates. */

const SSLSCAN = '/usr/bin/sslscan';
const missing = existsSync(SSLSCAN) ? null : `SKIPPED: listeners scanned by sslscan: ${SSLSCAN} is missing`;
if (missing) console.log(missing);

const LISTENERS = [
  'people',
  'devices',
  'mqtts',
  'wss',
  'operations',
  'mosquitto',
  'mosquitto-wss',
  'postgres',
] as const;
type Name = (typeof LISTENERS)[number];
const STRONG = new Set(['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256']);
/** Listeners that run on this machine; the others are reported as skipped. */
const here = LISTENERS.filter(
  (name) => !(name.startsWith('mosquitto') && mosquittoMissing()) && !(name === 'postgres' && postgresUnavailable()),
);

const ports = {} as Record<Name, number>;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  if (missing) return;
  const free = await reservePorts(7);
  for (const [i, name] of LISTENERS.slice(0, 7).entries()) ports[name] = free[i]!;
  const server = await newServer({
    env: {
      SMARTPRESENCE_PEOPLE_PORT: String(ports.people),
      SMARTPRESENCE_DEVICE_PORT: String(ports.devices),
      SMARTPRESENCE_MQTT: 'embedded',
      SMARTPRESENCE_MQTT_PORT: String(ports.mqtts),
      SMARTPRESENCE_MQTT_WSS_PORT: String(ports.wss),
      SMARTPRESENCE_OPERATIONS_PORT: String(ports.operations),
      // Binding to all addresses makes it use TLS.
      SMARTPRESENCE_OPERATIONS_BIND: '0.0.0.0',
      SMARTPRESENCE_OPERATIONS_TOKEN: randomUUID(),
    },
  });
  closers.push(() => server.close());
  if (here.includes('mosquitto')) {
    const ca = await createCa(randomUUID(), Date.now());
    const certificate = await issueServerCertificate(ca, ['127.0.0.1'], Date.now());
    const mosquitto = await startMosquitto({
      serverId: randomUUID(),
      certificate,
      caPems: [ca.certPem],
      port: ports.mosquitto,
      wssPort: ports['mosquitto-wss'],
    });
    closers.push(() => mosquitto.remove());
  }
  if (here.includes('postgres')) {
    const postgres = await startPostgres();
    ports.postgres = postgres.port;
    closers.push(() => postgres.remove());
  }
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

const attributes = (xml: string, element: string) =>
  [...xml.matchAll(new RegExp(`<${element} ([^>]*?)/?>`, 'g'))].map((m) =>
    Object.fromEntries([...m[1]!.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!])),
  );

describe.skipIf(missing)('sslscan', () => {
  test.each(here)('finds only TLS 1.3 and nothing weak on the listener of %s', async (name) => {
    const starttls = name === 'postgres' ? ['--starttls-psql'] : [];
    const { stdout: xml } = await promisify(execFile)(SSLSCAN, [
      '--xml=-',
      '--no-colour',
      '--show-sigs',
      ...starttls,
      `127.0.0.1:${ports[name]}`,
    ]);
    const enabled = attributes(xml, 'protocol').filter((p) => p.enabled === '1');
    expect(enabled.map((p) => `${p.type} ${p.version}`)).toEqual(['tls 1.3']);
    const ciphers = attributes(xml, 'cipher');
    expect(ciphers.length).toBeGreaterThan(0);
    expect(ciphers.filter((c) => c.sslversion !== 'TLSv1.3' || !STRONG.has(c.cipher!))).toEqual([]);
    expect(attributes(xml, 'compression').filter((c) => c.supported !== '0')).toEqual([]);
    expect(attributes(xml, 'heartbleed').filter((h) => h.vulnerable !== '0')).toEqual([]);
    const groups = attributes(xml, 'group').filter((g) => Number(g.bits) < 112);
    expect(groups).toEqual([]);
    expect(xml).not.toMatch(/<signature-algorithm>(md5|sha1)/i);
  });
});
