import { hostname } from 'node:os';
import { z } from 'zod';
import { createDeviceIdentity, DeviceSecret, deviceFingerprint, deviceRequest } from '../../../sync/edge/identity.ts';
import { startJoining } from '../../../sync/edge/provisioning/join.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { Grant } from '../../../sync/protocol/wire/join.ts';
import type { KioskKeys } from '../keys/index.ts';
import { applySite } from '../provision.ts';
import type { SiteConfig } from '../site/config.ts';
import type { Store } from '../store/interface.ts';
import { readProxy } from '../sync/proxy.ts';
import { readServerLink, writeServerLink } from '../sync/server-link.ts';
import { BUILD_DATE } from '../version.ts';

/**
 * How a kiosk becomes a device of a server, whether the first-run screen or the command line requests it. A joining is kept in
 * the store until it has ended, so that a kiosk switched off meanwhile keeps the fingerprint that the administrator compares.
 */

const SETTING = 'joining';
const Joining = z.strictObject({
  secret: DeviceSecret,
  name: z.string(),
  /** null when joining by file. */
  code: z.string().nullable(),
});
export type Joining = z.infer<typeof Joining>;

/** How long one exchange with the server may take, ms. */
const EXCHANGE_MS = 30_000;

/** What joining needs; a command's context provides it. */
export interface JoiningContext {
  readonly home: string;
  readonly site: Pick<SiteConfig, 'demo'>;
  readonly store: Pick<Store, 'device' | 'events' | 'people' | 'settings'>;
  readonly keys: Pick<KioskKeys, 'bindProvisioning'>;
  /** In a running core: stops the sync, does `change`, and restarts it. */
  relink?(change: () => void): Promise<void>;
  changed(): void;
}

/** What both screens show, and the server's own time of the answer (ms since 1970; null if it sent none). */
export interface Asked {
  readonly device: string;
  readonly fingerprint: string;
  readonly serverTime: number | null;
}

/**
 * Sends keys and code to the server. The same code again reuses the same keys, and so does another code after an unfinished
 * joining: the server has these keys as pending. Only keys that it has rejected are replaced.
 *
 * @throws Problem of startJoining, `home-is-demo`, `already-provisioned`, `fingerprint-differs`
 */
export async function askToJoin(
  context: JoiningContext,
  { code, name, replace = false }: { code: string; name?: string | undefined; replace?: boolean },
): Promise<Asked> {
  refuseUnlessFree(context, replace);
  const before = readJoining(context.store);
  const kept = before?.code ? { secret: before.secret, name: name ?? before.name } : null;
  try {
    return await show(context, { ...(kept ?? (await newIdentity(context, name))), code });
  } catch (cause) {
    if (!kept || !(cause instanceof Problem && cause.code === 'device-revoked')) throw cause;
    return show(context, { ...(await newIdentity(context, name)), code });
  }
}

async function show(context: JoiningContext, joining: Joining & { readonly code: string }): Promise<Asked> {
  const line = joinLine(context, joining);
  try {
    keepJoining(context.store, joining);
    const own = await fingerprintOf(joining);
    const waiting = await line.ask(AbortSignal.timeout(EXCHANGE_MS));
    if (waiting.fingerprint !== own) throw new Problem('fingerprint-differs');
    return { device: joining.secret.device, fingerprint: own, serverTime: line.serverTime() };
  } finally {
    line.close();
  }
}

/**
 * Asks once whether an administrator has approved, and finishes if so.
 *
 * @param wanted returns false if joining was cancelled while the server was asked; its grant is then not fetched
 * @returns the server's address once joined, else null. @throws Problem of startJoining, `not-joining`
 */
export async function pollJoining(
  context: JoiningContext,
  wanted: () => boolean = () => true,
): Promise<Asked & { readonly server: string | null }> {
  const joining = readJoining(context.store);
  if (!joining?.code) throw new Problem('not-joining');
  const line = joinLine(context, { ...joining, code: joining.code });
  try {
    const granted = await line.poll(AbortSignal.timeout(EXCHANGE_MS));
    const grant = wanted() ? granted : null;
    const asked = { device: joining.secret.device, fingerprint: await fingerprintOf(joining) };
    if (grant) await finishJoining(context, joining.secret, grant);
    return { ...asked, serverTime: line.serverTime(), server: grant?.bundle.serverUrl ?? null };
  } finally {
    line.close();
  }
}

function joinLine({ store }: JoiningContext, joining: Joining & { readonly code: string }) {
  const proxy = readProxy(store);
  return startJoining({ ...joining, trustedNow: () => BUILD_DATE, ...(proxy && { proxy }) });
}

/** Refuses to join a real server with the demo's people, or a second server while the kiosk belongs to one. */
export function refuseUnlessFree({ site, store }: JoiningContext, replace: boolean): void {
  if (site.demo) throw new Problem('home-is-demo');
  if (readServerLink(store) && !replace) throw new Problem('already-provisioned');
}

export async function newIdentity(
  { store }: { readonly store: Pick<Store, 'device'> },
  name: string | undefined,
): Promise<Omit<Joining, 'code'>> {
  return { secret: await createDeviceIdentity(store.device), name: name ?? (hostname().slice(0, 80) || 'kiosk') };
}

export function readJoining(store: Pick<Store, 'settings'>): Joining | null {
  const text = store.settings.get(SETTING);
  return text ? Joining.parse(JSON.parse(text)) : null;
}

export function keepJoining(store: Pick<Store, 'settings'>, joining: Joining | null): void {
  store.settings.set(SETTING, joining ? JSON.stringify(joining) : '');
}

export async function fingerprintOf({ secret, name }: Pick<Joining, 'secret' | 'name'>): Promise<string> {
  return deviceFingerprint(await deviceRequest(secret, name));
}

/** Stores the grant. If interrupted, the next poll repeats it: the server keeps the grant until the kiosk has connected. */
export async function finishJoining(
  context: JoiningContext,
  secret: DeviceSecret,
  { bundle, provisioningSecret }: Grant,
): Promise<void> {
  await context.keys.bindProvisioning(Buffer.from(provisioningSecret, 'base64url'));
  applySite(context.home, bundle.site);
  const link = () => {
    writeServerLink(context.store, { secret, bundle });
    keepJoining(context.store, null);
  };
  if (context.relink) await context.relink(link);
  else link();
  context.changed();
}
