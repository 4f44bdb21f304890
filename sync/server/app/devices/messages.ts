import type { Logger } from 'pino';
import type { Problem } from '../../../errors/problem.ts';
import { signAck } from '../../../protocol/seal/ack.ts';
import { openAsk } from '../../../protocol/seal/ask.ts';
import { openBatch } from '../../../protocol/seal/batch.ts';
import { keyId, publicHalf } from '../../../protocol/seal/keys.ts';
import { sealPage } from '../../../protocol/seal/page.ts';
import { messageDigest, signRejection } from '../../../protocol/seal/rejection.ts';
import type { Ack } from '../../../protocol/wire/ack.ts';
import type { Ed25519PrivateJwk } from '../../../protocol/wire/batch.ts';
import type { Ask, Page } from '../../../protocol/wire/changes.ts';
import type { Inventory } from '../../../protocol/wire/fleet.ts';
import { type IdentityContext, renewCertificate } from '../../core/devices/join.ts';
import { type Device, findDevice, heardFrom, noteKnownKeys, requireApproved } from '../../core/devices/registry.ts';
import { isVerdict } from '../../features/fleet/rollout/verdicts.ts';
import { upsert } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { isClientError } from '../../platform/http/problem.ts';
import { countEvents, measureMessage } from '../../platform/logs/meter.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { readChanges } from '../downstream/read.ts';
import { ingest } from '../ingest/ingest.ts';
import { readMarks } from '../ingest/marks.ts';
import { concernsKiosks } from '../ingest/project.ts';
import { QUARANTINE_FULL } from '../ingest/quota.ts';
import { type RenewalOnly, renewFirst } from './peer.ts';

/** What answering a device's message needs, whichever transport it arrived by. */
export interface MessageContext extends Pick<IdentityContext, 'db' | 'keys' | 'keyring' | 'now'> {
  readonly modules: readonly ServerModule[];
  readonly logEpoch: string;
  readonly log: Logger;
  /** Days in which a deletion at a kiosk can be undone. */
  readonly undoDays: number;
  /** Called when something that screens show has changed. */
  readonly onChange: () => void;
  /** Called when something that kiosks receive may have changed, so that they can be nudged. */
  readonly onKioskChange: () => void;
}

export interface DeviceMessage {
  readonly kind: 'batch' | 'ask';
  /** Compact JWE as received. */
  readonly sealed: string;
  /** The device, according to the transport's own authentication. */
  readonly device: string;
  /** Set if the device may only renew its certificate: the reason. */
  readonly renewalOnly?: RenewalOnly | null;
}

/**
 * Takes one message of a device and returns the answer: for a batch a signed ack, after the commit; for an ask a page, signed
 * and encrypted to the device. The registration is read each time, so a revocation takes effect on the next message.
 *
 * @throws Problem with the code of the rejection; nothing was stored then
 */
export function takeMessage(context: MessageContext, message: DeviceMessage): Promise<string> {
  return measureMessage(message.kind, () => take(context, message));
}

async function take(context: MessageContext, message: DeviceMessage): Promise<string> {
  const device = await findDevice(context.db, message.device);
  requireApproved(device);
  // A broker checks a certificate only when a connection starts, and a connection may last for years.
  const ended = device.certNotAfter !== null && device.certNotAfter < context.now();
  const renewalOnly = message.renewalOnly ?? (ended ? 'certificate-expired' : null);
  const held = { ...message, renewalOnly };
  return message.kind === 'batch' ? takeBatch(context, device, held) : takeAsk(context, device, held);
}

/**
 * Returns a signed rejection that says why a message was not taken, for a transport without responses of its own. A failure
 * of ours is only `internal-error`, without details.
 */
export async function refuseMessage(
  context: MessageContext,
  message: DeviceMessage,
  problem: Problem,
): Promise<string> {
  const rejection = {
    device: message.device,
    digest: messageDigest(message.sealed),
    code: isClientError(problem.code) ? problem.code : 'internal-error',
    serverTime: context.now().toISOString(),
  };
  const device = await findDevice(context.db, message.device);
  return signRejection(rejection, context.keyring.signingFor(device?.trusts ?? null));
}

async function takeBatch(context: MessageContext, device: Device, message: DeviceMessage): Promise<string> {
  if (message.renewalOnly) throw renewFirst(message.renewalOnly);
  const { db, keys, keyring, modules, log } = context;
  const opening = openingKeys(context, device);
  const { header, body } = await openBatch(message.sealed, opening, senderOf(context, device));
  const result = await ingest({ db, keys, modules }, header, body, context.now(), {
    undoDays: context.undoDays,
  });
  // A batch without new events may be a replay, and its list of trusted keys outdated.
  if (result.inserted > 0)
    await noteKnownKeys(db, device, { ...(body.trusts && { trusts: body.trusts }), sealedTo: opening.sealedTo() });
  const taken = result.inserted;
  const quarantined = result.quarantined.length;
  countEvents({ taken, quarantined, known: Math.max(0, body.events.length - taken - quarantined) });
  if (quarantined > 0)
    log.warn({ device: device.id, reasons: countsOf(result.quarantined.map((q) => q.reason)) }, 'events quarantined');
  if (result.notRetained)
    log.warn(
      { device: device.id, code: QUARANTINE_FULL, events: result.notRetained },
      'the quarantine of this device is full: of these events only digest and reason are kept',
    );
  for (const { seq, code } of result.faults ?? [])
    log.warn({ device: device.id, seq, code: 'event-not-storable', cause: code }, 'an event could not be stored');
  if (result.inserted > 0)
    log.info({ device: device.id, events: result.inserted, committed: result.ack.committed }, 'events stored');
  context.onChange();
  // After a refused deletion, the kiosk is sent the person again.
  if (
    (result.inserted > 0 || quarantined > 0) &&
    body.events.some((e) => concernsKiosks(modules, typeOf(e)) || isVerdict(headerOf(e)))
  )
    context.onKioskChange();
  return ackOf(context, result.ack, keyring.signingFor(body.trusts ?? device.trusts), header.spv);
}

async function takeAsk(context: MessageContext, device: Device, message: DeviceMessage): Promise<string> {
  const { db, keyring } = context;
  const opening = openingKeys(context, device);
  const { header, ask } = await openAsk(message.sealed, opening, senderOf(context, device));
  if (message.renewalOnly && ask.what !== 'renew') throw renewFirst(message.renewalOnly);
  if (ask.what === 'changes' && (await heardFrom(db, device.id, ask.heard ?? null, context.now()))) {
    // No `onChange` here: screens see it at their next regular update, so an idle fleet doesn't wake them.
    await noteKnownKeys(db, device, { trusts: ask.trusts, sealedTo: opening.sealedTo() });
    if (ask.report) await keepReport(db, device.id, ask.report, context.now());
  }
  const signing = keyring.signingFor(ask.trusts);
  const answer = { device: device.id, jti: header.jti };
  const page: Page =
    ask.what === 'renew'
      ? { what: 'renewed', ...answer, ...(await renewCertificate(context, device, ask.csr)) }
      : { what: 'changes', ...answer, ...(await changesFor(context, device, ask, signing, header.spv)) };
  return sealPage(page, { signing, device: { kty: 'OKP', crv: 'X25519', x: device.x25519 } }, header.spv);
}

async function changesFor(
  context: MessageContext,
  device: Device,
  ask: Extract<Ask, { what: 'changes' }>,
  signing: Ed25519PrivateJwk,
  spv: number,
): Promise<Omit<Extract<Page, { what: 'changes' }>, 'what' | 'device' | 'jti'>> {
  const { db, keys, keyring, logEpoch, modules } = context;
  const source = { db, keys, logEpoch, modules, publicKeys: () => presentKeys(context) };
  const newestKey = ask.trusts.includes(await keyId(publicHalf(keyring.signing)));
  const page = await readChanges(source, device.id, { ...ask, newestKey }, context.now());
  const marks = { device: device.id, epoch: ask.epoch, ...(await readMarks(db, device.id, ask.epoch)) };
  return { ...page, ack: await ackOf(context, marks, signing, spv) };
}

/** Returns the keys as they are in the database now, as another replica may just have made new ones. */
async function presentKeys({ keyring }: MessageContext) {
  await keyring.refresh();
  return keyring.publicKeys;
}

function ackOf(
  context: MessageContext,
  marks: Pick<Ack, 'device' | 'epoch' | 'committed' | 'safe'>,
  signing: Ed25519PrivateJwk,
  spv: number,
): Promise<string> {
  return signAck({ ...marks, logEpoch: context.logEpoch, serverTime: context.now().toISOString() }, signing, spv);
}

/** Returns our encryption keys, old ones too, and the device's registered key. Remembers which of ours was used. */
function openingKeys({ keyring }: MessageContext, device: Device) {
  let used: string | undefined;
  return {
    sealing: (kid: string) => {
      used = kid;
      return keyring.sealingFor(kid);
    },
    device: async () => ({ kty: 'OKP', crv: 'Ed25519', x: device.ed25519 }) as const,
    /** Thumbprint of the key that the message was encrypted to. */
    sealedTo: () => used ?? '',
  };
}

function senderOf({ keyring }: MessageContext, device: Device) {
  return { serverId: keyring.serverId, device: device.id };
}

function countsOf(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

function headerOf(event: unknown): { readonly type?: unknown; readonly open?: unknown } {
  return (event as { header?: { type?: unknown; open?: unknown } } | null)?.header ?? {};
}

const typeOf = (event: unknown): unknown => headerOf(event).type;

/** Stores a device's report in place of the previous one. */
export async function keepReport(db: Db, device: string, report: Inventory, now: Date): Promise<void> {
  const row = { at: now, report: JSON.stringify(report) };
  await upsert(db, 'device_report', 'device', { device, ...row }, row);
}
