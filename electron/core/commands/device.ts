import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { deviceRequest } from '../../../sync/edge/identity.ts';
import { performRenewal } from '../../../sync/edge/provisioning/renewal.ts';
import { HttpsTransport } from '../../../sync/edge/transport/https.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { sameFingerprint, serverFingerprint } from '../../../sync/protocol/seal/fingerprint.ts';
import { openGrant, signJoin } from '../../../sync/protocol/seal/join.ts';
import { MAX_GRANT_BYTES } from '../../../sync/protocol/wire/join.ts';
import { givenName } from '../../../sync/protocol/wire/name.ts';
import { type CommandContext, storeCommand } from '../command.ts';
import {
  askToJoin,
  fingerprintOf,
  finishJoining,
  keepJoining,
  newIdentity,
  pollJoining,
  readJoining,
  refuseUnlessFree,
} from '../joining/joining.ts';
import { readProxy, shownProxy, writeProxy } from '../sync/proxy.ts';
import { LiveLink, readServerLink } from '../sync/server-link.ts';
import { BUILD_DATE } from '../version.ts';

/** How long one exchange with the server may take, ms. */
const EXCHANGE_MS = 30_000;

const Name = givenName(80).optional();
/** True to join another server, or the same one again, replacing the present one. */
const Replace = z.boolean().default(false);

const join = storeCommand({
  name: 'device join',
  beginsKiosk: true,
  args: z.strictObject({ code: z.string().min(1).max(400), name: Name, replace: Replace }),
  async run(context, { code, name, replace }, output) {
    const { device, fingerprint } = await askToJoin(context, { code, name, replace });
    output.line({ state: 'pending', device, fingerprint });
    return 0;
  },
});

const poll = storeCommand({
  name: 'device join poll',
  args: z.strictObject({}),
  async run(context, _args, output) {
    const { device, fingerprint, server } = await pollJoining(context);
    output.line({ state: server ? 'joined' : 'pending', device, fingerprint, ...(server && { server }) });
    return 0;
  },
});

const requestFile = storeCommand({
  name: 'device request',
  beginsKiosk: true,
  args: z.strictObject({ name: Name, replace: Replace }),
  async run(context, { name, replace }, output) {
    refuseUnlessFree(context, replace);
    const before = readJoining(context.store);
    const joining = before && before.code === null ? before : { ...(await newIdentity(context, name)), code: null };
    keepJoining(context.store, joining);
    const { secret } = joining;
    const request = await deviceRequest(secret, joining.name);
    output.line({
      device: secret.device,
      fingerprint: await fingerprintOf(joining),
      request: await signJoin({ secret: null, request }, secret.signing),
    });
    return 0;
  },
});

const accept = storeCommand({
  name: 'device accept',
  args: z.strictObject({ grant: z.string().max(MAX_GRANT_BYTES), serverFingerprint: z.string().max(60) }),
  async run(context, args, output) {
    const joining = readJoining(context.store);
    if (!joining || joining.code !== null) throw new Problem('not-joining');
    const grant = await openGrant(args.grant.trim(), joining.secret.device, joining.secret.sealing);
    // The file was brought by hand. Only the fingerprint that an administrator compared proves that it is the right server's.
    if (!sameFingerprint(serverFingerprint(grant.bundle.keys.caPem[0]!), args.serverFingerprint))
      throw new Problem('server-fingerprint-differs');
    await finishJoining(context, joining.secret, grant);
    output.line({ state: 'joined', device: joining.secret.device, server: grant.bundle.serverUrl });
    return 0;
  },
});

const renew = storeCommand({
  name: 'device renew',
  args: z.strictObject({}),
  async run(context, _args, output) {
    const link = readServerLink(context.store);
    if (!link) throw new Problem('not-provisioned');
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
        // A page may have delivered newer keys meanwhile.
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

async function relinked({ relink }: CommandContext, change: () => void): Promise<void> {
  if (relink) await relink(change);
  else change();
}
