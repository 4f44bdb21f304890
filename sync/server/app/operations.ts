import { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import { writtenQuery } from '../../protocol/api/endpoint.ts';
import { serverFingerprint } from '../../protocol/seal/fingerprint.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import { MAX_JOIN_BYTES } from '../../protocol/wire/join.ts';
import { givenName, isUnreadableName } from '../../protocol/wire/name.ts';
import { retireServerKeys } from '../core/credentials/pins/pins.ts';
import { makeCode } from '../core/devices/codes.ts';
import { identityContext } from '../core/devices/context.ts';
import { approveDevice, provisionByFile } from '../core/devices/join.ts';
import { type Device, listDevices, revokeDevice } from '../core/devices/registry.ts';
import { audited } from '../core/operator/audited.ts';
import { type Operation, type OperatorContext, operation, servicesOf } from '../core/operator/operation.ts';
import { staffOperations } from '../core/staff/operations.ts';
import { type Candidate, listCandidates, mergePeople, rejectCandidate } from '../features/attendance/merging/merge.ts';
import { auditOperations } from '../features/audit/operations.ts';
import { backupOperations } from '../features/backup/operations.ts';
import { embedderOperations } from '../features/embedders/operations.ts';
import { fleetOperations } from '../features/fleet/operations.ts';
import { rolloutOperations } from '../features/fleet/rollout/operations.ts';
import { complianceOperations } from '../features/privacy/compliance/operations.ts';
import { erasureOperations } from '../features/privacy/erasure/operations.ts';
import { incidentOperations } from '../features/privacy/incidents/operations.ts';
import { retentionOperations } from '../features/privacy/retention/operations.ts';
import { perform } from '../platform/access/perform.ts';
import { parse } from '../platform/access/register.ts';
import type { Call, Route } from '../platform/access/route.ts';
import { OPERATOR } from '../platform/audit/actor.ts';
import { writeAudit } from '../platform/audit/write.ts';
import { keysChanged } from '../platform/changes/log.ts';
import { issueServerCertificate, type KeyAndCertificate } from '../platform/keys/certificates.ts';
import { type Announce, succeedKey } from '../platform/keys/succession.ts';
import type { KeyPurpose } from '../platform/keys/vault.ts';
import { checkOperations } from './checks/operations.ts';
import { listQuarantine, retryQuarantine } from './ingest/quarantine.ts';
import { keyOperations } from './key-rotation/operations.ts';
import { brokerReplicas } from './mqtt/replicas.ts';
import { OPERATED } from './served.ts';

/** What an operator may do, by name: the same over the socket and on the database itself. Arguments are parsed here. */

const Name = givenName(80);
const Site = Uuid.nullable().default(null);
const Url = z.url({ protocol: /^https$/ }).optional();
const Fingerprint = z.string().max(60);
const Quarantined = {
  device: Uuid.optional(),
  reason: z.string().max(60).optional(),
  id: z.number().int().positive().optional(),
};
const Purpose = z.enum(['signing', 'sealing', 'ca', 'qr', 'pin']);

export const OPERATIONS = {
  ...incidentOperations,
  ...complianceOperations,
  ...erasureOperations,
  ...retentionOperations,
  ...fleetOperations,
  ...embedderOperations,
  ...keyOperations,
  ...auditOperations,
  ...backupOperations,
  ...rolloutOperations,
  ...staffOperations,
  ...checkOperations,
  'device provision': operation({
    args: z.strictObject({ name: Name, site: Site, url: Url, minutes: z.number().positive().optional() }),
    audit: { action: 'operate', data: ['device'] },
    async run(context, { name, site, url, minutes }) {
      const made = await makeCode(context, {
        name,
        site,
        ...(url && { url }),
        ...(minutes && { lifeMs: minutes * 60_000 }),
      });
      return { code: made.code, expiresAt: made.expiresAt.toISOString() };
    },
  }),
  'device provision file': operation({
    args: z.strictObject({
      request: z.string().max(MAX_JOIN_BYTES),
      fingerprint: Fingerprint,
      name: Name,
      site: Site,
      url: Url,
    }),
    audit: { action: 'operate', data: ['device'] },
    async run(context, { request, url, ...as }) {
      const { device, grant } = await provisionByFile(context, request, { ...as, ...(url && { url }) });
      context.onChange();
      return { device: device.id, grant, serverFingerprint: serverFingerprint(context.keyring.ca.certPem) };
    },
  }),
  'device approve': operation({
    args: z.strictObject({ device: Uuid, fingerprint: Fingerprint }),
    audit: { action: 'operate', data: ['device'], resource: ({ device }) => device },
    async run(context, { device, fingerprint }) {
      const approved = await approveDevice(context, device, fingerprint);
      context.onChange();
      return shown(approved);
    },
  }),
  'device revoke': operation({
    args: z.strictObject({ device: Uuid }),
    audit: { action: 'operate', data: ['device'], resource: ({ device }) => device },
    async run(context, { device }) {
      const revoked = await revokeDevice(context.db, device, context.now());
      context.onChange();
      return shown(revoked);
    },
  }),
  'device list': operation({
    args: z.strictObject({}),
    run: async ({ db }) => (await listDevices(db)).map(shown),
  }),
  'keys list': operation({
    args: z.strictObject({}),
    async run(context) {
      await context.keyring.refresh();
      return {
        serverId: context.keyring.serverId,
        serial: context.keyring.serial,
        fingerprint: serverFingerprint(context.keyring.ca.certPem),
        keys: context.keyring.described,
      };
    },
  }),
  'keys succeed': operation({
    args: z.strictObject({ purpose: Purpose }),
    async run(context, { purpose }) {
      const { db, keys, keyring, now } = context;
      const set = await succeedKey(db, keys, purpose, now().getTime(), keysAudited(context, 'keys succeed', purpose));
      await keyring.refresh();
      context.onChange();
      return { serial: set.serial };
    },
  }),
  'keys retire': operation({
    args: z.strictObject({ purpose: Purpose, force: z.boolean().default(false) }),
    async run(context, { purpose, force }) {
      const { db, keys, keyring, now } = context;
      const behind = await devicesBehind(context, purpose);
      if (behind.length > 0 && !force)
        throw new Problem('devices-know-only-old-keys', {
          purpose,
          devices:
            behind
              .slice(0, 10)
              .map((d) => d.name)
              .join(', ') + (behind.length > 10 ? ', …' : ''),
        });
      const set = await retireServerKeys(
        db,
        keys,
        purpose,
        now().getTime(),
        keysAudited(context, 'keys retire', purpose),
      );
      await keyring.refresh();
      context.onChange();
      return { serial: set.serial, cutOff: behind.map((d) => d.id) };
    },
  }),
  'quarantine list': operation({
    args: z.strictObject({ ...Quarantined, after: z.number().int().nonnegative().optional() }),
    run: ({ db }, filter) => listQuarantine(db, filter),
  }),
  'quarantine retry': operation({
    args: z.strictObject(Quarantined),
    audit: { action: 'write', data: ['event'] },
    async run(context, filter) {
      const retried = await retryQuarantine(context, filter, context.now(), {
        undoDays: context.config.retention.erasureUndoDays,
      });
      if (retried.taken > 0) context.onChange();
      return retried;
    },
  }),
  'people duplicates': operation({
    args: z.strictObject({}),
    audit: {
      action: 'read',
      data: ['person.name'],
      people: (_args, pairs) => (pairs as Candidate[]).flatMap((pair) => pair.people.map((p) => p.id)),
    },
    run: ({ db, keys }) => listCandidates(db, keys),
  }),
  'people merge': operation({
    args: z.strictObject({ kept: Uuid, merged: Uuid, by: Name }),
    audit: { action: 'write', data: ['person', 'attendance'], people: ({ kept, merged }) => [kept, merged] },
    async run(context, decision) {
      const merged = await mergePeople(context, decision, context.now());
      context.onChange();
      return merged;
    },
  }),
  'people not-duplicates': operation({
    args: z.strictObject({ candidate: Uuid, by: Name }),
    audit: { action: 'write', data: ['person'], resource: ({ candidate }) => candidate },
    run: ({ db, now }, { candidate, by }) => rejectCandidate(db, candidate, by, now()),
  }),
  'broker certificate': operation({
    args: z.strictObject({ hostnames: z.array(z.string().min(1).max(253)).min(1).max(20) }),
    run: brokerFiles,
  }),
  'broker access': operation({ args: z.strictObject({}), run: brokerAccess }),
} as const;

export type OperationName = keyof typeof OPERATIONS;
export type ResultOf<N extends OperationName> = Awaited<ReturnType<(typeof OPERATIONS)[N]['run']>>;
export type ArgsOf<N extends OperationName> = z.input<(typeof OPERATIONS)[N]['args']>;

/** Arguments as the operation wants them. @throws Problem `operation-unknown`, `arguments-wrong`, `name-unreadable` */
export function operationArguments(name: string, args: unknown): unknown {
  const found = OPERATIONS[name as OperationName] as unknown as Operation<z.ZodType, unknown> | undefined;
  if (!found || !Object.hasOwn(OPERATIONS, name)) throw new Problem('operation-unknown');
  const parsed = found.args.safeParse(args);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  if (issues.every(isUnreadableName))
    throw new Problem('name-unreadable', { fields: issues.map(({ path }) => path.join('.')).join(', ') });
  throw new Problem('arguments-wrong', { reason: z.prettifyError(parsed.error), cause: parsed.error });
}

/** @throws Problem of `operationArguments`, and what the operation throws */
export async function runOperation(context: OperatorContext, name: string, args: unknown): Promise<unknown> {
  const route = OPERATED.get(name);
  if (route) return runRoute(context, route, args as Partial<Call<unknown, Record<string, unknown>, unknown>>);
  const parsed = operationArguments(name, args);
  return runAudited(
    context,
    name,
    OPERATIONS[name as OperationName] as unknown as Operation<z.ZodType, unknown>,
    parsed,
  );
}

/** @throws Problem `arguments-wrong`, which names them in place of a request's fields; `name-unreadable` */
function argumentsOf(route: Route, input: Parameters<typeof parse>[1]): ReturnType<typeof parse> {
  try {
    return parse(route, input);
  } catch (cause) {
    if (!(cause instanceof Problem && cause.code === 'bad-request')) throw cause;
    const message = cause.message.replace(/^[^:]*:/, 'These are missing or wrong:');
    throw new Problem('arguments-wrong', { reason: message, cause });
  }
}

/** An endpoint as the operator: what it declares counts as over HTTPS, its audit row too. */
async function runRoute(
  context: OperatorContext,
  route: Route,
  { params = {}, query, body }: Partial<Call<unknown, Record<string, unknown>, unknown>>,
): Promise<unknown> {
  const services = servicesOf(context);
  const now = services.now();
  const given = argumentsOf(route, { params, query: writtenQuery(query), body });
  const asked = { ...given, actor: OPERATOR, session: null, now };
  const prepared = await route.before?.({ services, ...asked });
  const done = await perform(services, route, { ...asked, prepared, idempotencyKey: null, url: route.path });
  for (const what of done.notified) services.notify(what);
  for (const work of done.after) await work();
  if (done.refused) throw done.refused;
  return done.answer.body;
}

/** In one transaction with its row, where it declares one; notifications go out after the commit. */
async function runAudited(
  context: OperatorContext,
  route: string,
  { audit, run }: Operation<z.ZodType, unknown>,
  args: unknown,
): Promise<unknown> {
  if (!audit) return run(context, args);
  let changed = false;
  const onChange = () => {
    changed = true;
  };
  const { action, data, people, resource } = audit;
  const row = { action, route, data, resource: resource?.(args) ?? null };
  const result = await audited(
    context,
    row,
    (tx) => {
      // Of the transaction too: the embedded database has one connection, and another would wait for it for ever.
      const { site } = identityContext({ ...context, db: tx });
      return run({ ...context, db: tx, site, onChange }, args);
    },
    (done) => ({ subjects: people?.(args, done) ?? [] }),
  );
  if (changed) context.onChange();
  return result;
}

/** The row of a change to the server's own keys, in the transaction that makes it. */
function keysAudited({ keys, now }: OperatorContext, route: string, purpose: KeyPurpose): Announce {
  return async (tx) => {
    await keysChanged(tx, now(), purpose);
    const entry = { actor: OPERATOR, action: 'operate', route, resource: `${purpose} key`, data: ['keys'] } as const;
    await writeAudit(tx, keys, { ...entry, subjects: [], outcome: 'ok' }, now());
  };
}

/** What a broker of this server needs, and how the server and its devices know it. */
async function brokerFiles(
  context: OperatorContext,
  { hostnames }: { hostnames: string[] },
): Promise<
  Awaited<ReturnType<typeof brokerAccess>> & {
    readonly certificate: KeyAndCertificate;
    readonly caPems: string[];
  }
> {
  const { keyring, now } = context;
  const leaf = await issueServerCertificate(keyring.ca, hostnames, now().getTime(), 'SmartPresence broker');
  return {
    ...(await brokerAccess(context)),
    certificate: keyring.withChain(leaf),
    caPems: keyring.caPems,
  };
}

/** What the broker's rules are about: the servers that come to it, and devices that were revoked while their certificate lives on. */
async function brokerAccess({
  db,
  keyring,
  now,
}: OperatorContext): Promise<{ serverId: string; revoked: string[]; replicas: string[] }> {
  const devices = await listDevices(db, { status: 'revoked' });
  const alive = devices.filter((d) => d.certNotAfter === null || d.certNotAfter > now());
  return { serverId: keyring.serverId, revoked: alive.map((d) => d.id), replicas: await brokerReplicas(db) };
}

/** Approved devices that a retirement would cut off, as far as they have said what they know. */
async function devicesBehind({ db, keyring }: OperatorContext, purpose: KeyPurpose): Promise<Device[]> {
  if (keyring.described.filter((k) => k.purpose === purpose).length < 2) return [];
  const approved = (await listDevices(db)).filter((d) => d.status === 'approved');
  const newest = keyring.signingKids[0]!;
  const keyMadeAt = purpose === 'qr' || purpose === 'pin' ? await newestKeyMade(db, purpose) : null;
  return approved.filter((d) => {
    if (purpose === 'signing') return !d.trusts?.includes(newest);
    if (purpose === 'sealing') return d.sealedTo !== keyring.sealingKid;
    if (keyMadeAt) return d.lastHeardAt === null || d.lastHeardAt < keyMadeAt;
    return d.certIssuer !== keyring.cas[0]!.id;
  });
}

/** When the newest key of a purpose was made: a device that was heard since has it. */
async function newestKeyMade(db: OperatorContext['db'], purpose: KeyPurpose): Promise<Date> {
  const { made_at } = await db
    .selectFrom('keyring.server_key')
    .select('made_at')
    .where('purpose', '=', purpose)
    .where('retired_at', 'is', null)
    .orderBy('serial', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  return made_at;
}

function shown(device: Device) {
  const at = (date: Date | null) => date?.toISOString() ?? null;
  return {
    device: device.id,
    name: device.name,
    status: device.status,
    fingerprint: device.fingerprint,
    site: device.site,
    registeredAt: at(device.registeredAt),
    approvedAt: at(device.approvedAt),
    revokedAt: at(device.revokedAt),
    lastHeardAt: at(device.lastHeardAt),
    certificateEnds: at(device.certNotAfter),
  };
}
