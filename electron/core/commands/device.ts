import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { createDeviceIdentity, DeviceSecret, deviceFingerprint, deviceRequest } from '../../../sync/edge/identity.ts';
import { startJoining } from '../../../sync/edge/provisioning/join.ts';
import { performRenewal } from '../../../sync/edge/provisioning/renewal.ts';
import { HttpsTransport } from '../../../sync/edge/transport/https.ts';
import { sameFingerprint, serverFingerprint } from '../../../sync/protocol/seal/fingerprint.ts';
import { openGrant, signJoin } from '../../../sync/protocol/seal/join.ts';
import { type Grant, MAX_GRANT_BYTES } from '../../../sync/protocol/wire/join.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { applySite } from '../provision.ts';
import { BUILD_DATE } from '../retention/trusted-time.ts';
import { readProxy, shownProxy, writeProxy } from '../sync/proxy.ts';
import { LiveLink, readServerLink, writeServerLink } from '../sync/server-link.ts';
import { type CommandContext, storeCommand } from './command.ts';

/**
 * How a kiosk becomes a device of a server. A joining is kept in the store until it has ended, so that a kiosk that was
 * switched off meanwhile is still the one whose fingerprint the administrator compares.
 */

const SETTING = 'joining';
const Joining = z.strictObject({
  secret: DeviceSecret,
  name: z.string(),
  /** null: by file. */
  code: z.string().nullable(),
});
type Joining = z.infer<typeof Joining>;

/** How long one exchange with the server may take, ms. */
const EXCHANGE_MS = 30_000;

const Name = z.string().trim().min(1).max(80).optional();
/** Set to join another server, or the same one again, in place of the present one. */
const Replace = z.boolean().default(false);

const join = storeCommand({
  name: 'device join',
  beginsKiosk: true,
  args: z.strictObject({ code: z.string().min(1).max(400), name: Name, replace: Replace }),
  async run(context, { code, name, replace }, output) {
    refuseUnlessFree(context, replace);
    const before = readJoining(context);
    // The same code again goes on with the same keys: the answer of the first time may have been lost.
    const joining = before?.code === code ? before : { ...(await newIdentity(context, name)), code };
    const line = joinLine(context, { ...joining, code });
    try {
      keepJoining(context, joining);
      const own = await fingerprintOf(joining);
      const waiting = await line.ask(AbortSignal.timeout(EXCHANGE_MS));
      if (waiting.fingerprint !== own)
        throw new Problem(
          'fingerprint-differs',
          'the server computed another fingerprint than this kiosk',
          'Do not approve this device. Bring server and kiosk to the same version.',
        );
      output.line({ state: 'pending', device: joining.secret.device, fingerprint: own });
    } finally {
      line.close();
    }
    return 0;
  },
});

const poll = storeCommand({
  name: 'device join poll',
  args: z.strictObject({}),
  async run(context, _args, output) {
    const joining = readJoining(context);
    if (!joining?.code)
      throw new Problem('not-joining', 'this kiosk is not joining a server', 'Run `device join` with a new code.');
    const line = joinLine(context, { ...joining, code: joining.code });
    try {
      const grant = await line.poll(AbortSignal.timeout(EXCHANGE_MS));
      const state = { device: joining.secret.device, fingerprint: await fingerprintOf(joining) };
      if (grant) await finish(context, joining.secret, grant);
      output.line({ state: grant ? 'joined' : 'pending', ...state, ...(grant && { server: grant.bundle.serverUrl }) });
    } finally {
      line.close();
    }
    return 0;
  },
});

const requestFile = storeCommand({
  name: 'device request',
  beginsKiosk: true,
  args: z.strictObject({ name: Name, replace: Replace }),
  async run(context, { name, replace }, output) {
    refuseUnlessFree(context, replace);
    const before = readJoining(context);
    const joining = before && before.code === null ? before : { ...(await newIdentity(context, name)), code: null };
    keepJoining(context, joining);
    const { secret } = joining;
    const request = await deviceRequest(secret, joining.name);
    output.line({
      device: secret.device,
      fingerprint: await deviceFingerprint(request),
      request: await signJoin({ secret: null, request }, secret.signing),
    });
    return 0;
  },
});

const accept = storeCommand({
  name: 'device accept',
  args: z.strictObject({ grant: z.string().max(MAX_GRANT_BYTES), serverFingerprint: z.string().max(60) }),
  async run(context, args, output) {
    const joining = readJoining(context);
    if (!joining || joining.code !== null)
      throw new Problem('not-joining', 'this kiosk has asked for nothing by file', 'Run `device request` first.');
    const grant = await openGrant(args.grant.trim(), joining.secret.device, joining.secret.sealing);
    // The file came by hand: that it is the right server's is what an administrator compared, and nothing else.
    if (!sameFingerprint(serverFingerprint(grant.bundle.keys.caPem[0]!), args.serverFingerprint))
      throw new Problem(
        'server-fingerprint-differs',
        'the file is not of the server with this fingerprint',
        'Compare it again with what `device provision` showed. If it still differs, the file was exchanged.',
      );
    await finish(context, joining.secret, grant);
    output.line({ state: 'joined', device: joining.secret.device, server: grant.bundle.serverUrl });
    return 0;
  },
});

const renew = storeCommand({
  name: 'device renew',
  args: z.strictObject({}),
  async run(context, _args, output) {
    const link = readServerLink(context.store);
    if (!link) throw new Problem('not-provisioned', 'this kiosk belongs to no server', 'Run `device join` first.');
    const { secret, bundle } = link;
    const line = new HttpsTransport({
      bundle,
      device: secret.device,
      keys: () => bundle.keys,
      credentials: () => ({ certPem: bundle.tlsCertPem, keyPem: secret.tlsKeyPem }),
      trustedNow: () => BUILD_DATE,
      proxy: readProxy(context.store),
    });
    try {
      const send = (sealed: string) => line.exchange('ask', sealed, AbortSignal.timeout(EXCHANGE_MS));
      const renewed = await performRenewal(link, send, randomUUID());
      await relinked(context, () => {
        // A page may have brought newer keys meanwhile.
        const live = LiveLink.of(context.store);
        const keys = [renewed.bundle.keys, live?.current.bundle.keys ?? bundle.keys];
        const newest = keys.reduce((a, b) => (b.serial > a.serial ? b : a));
        live?.write(context.store, { ...renewed, bundle: { ...renewed.bundle, keys: newest } });
      });
      output.line({ state: 'renewed', device: secret.device });
    } finally {
      await line.close();
    }
    return 0;
  },
});

const proxy = storeCommand({
  name: 'device proxy',
  beginsKiosk: true,
  args: z.strictObject({ address: z.string().trim().max(400).optional() }),
  async run(context, { address }, output) {
    if (address !== undefined) await relinked(context, () => writeProxy(context.store, address));
    const now = readProxy(context.store);
    output.line({ proxy: now === undefined ? null : shownProxy(now) });
    return 0;
  },
});

export const DEVICE_COMMANDS = [join, poll, requestFile, accept, renew, proxy] as const;
export const [deviceJoin, deviceJoinPoll, deviceRequestFile, deviceAccept, deviceRenew, deviceProxy] = DEVICE_COMMANDS;

function joinLine({ store }: CommandContext, joining: Joining & { readonly code: string }) {
  const proxy = readProxy(store);
  return startJoining({ ...joining, trustedNow: () => BUILD_DATE, ...(proxy && { proxy }) });
}

/** The demo's people never get to a real server, and a kiosk belongs to one server at a time. */
function refuseUnlessFree({ site, store }: CommandContext, replace: boolean): void {
  if (site.demo)
    throw new Problem(
      'home-is-demo',
      'this data folder belongs to the demo',
      'Give the kiosk a folder of its own with SMARTPRESENCE_HOME.',
    );
  if (readServerLink(store) && !replace)
    throw new Problem(
      'already-provisioned',
      'this kiosk belongs to a server already',
      'Add --replace to give it a new identity, after the old one was revoked on the server.',
    );
}

async function newIdentity({ store }: CommandContext, name: string | undefined): Promise<Omit<Joining, 'code'>> {
  return { secret: await createDeviceIdentity(store.device), name: name ?? (hostname().slice(0, 80) || 'kiosk') };
}

function readJoining({ store }: CommandContext): Joining | null {
  const text = store.setting(SETTING);
  return text ? Joining.parse(JSON.parse(text)) : null;
}

function keepJoining({ store }: CommandContext, joining: Joining | null): void {
  store.setSetting(SETTING, joining ? JSON.stringify(joining) : '');
}

async function fingerprintOf({ secret, name }: Joining): Promise<string> {
  return deviceFingerprint(await deviceRequest(secret, name));
}

/** Writes what was granted. Cut off anywhere, the next poll does it again: the server gives it until the kiosk has spoken. */
async function finish(
  context: CommandContext,
  secret: DeviceSecret,
  { bundle, provisioningSecret }: Grant,
): Promise<void> {
  await context.keys.bindProvisioning(Buffer.from(provisioningSecret, 'base64url'));
  applySite(context.home, bundle.site);
  await relinked(context, () => {
    writeServerLink(context.store, { secret, bundle });
    keepJoining(context, null);
  });
  context.changed();
}

async function relinked({ relink }: CommandContext, change: () => void): Promise<void> {
  if (relink) await relink(change);
  else change();
}
