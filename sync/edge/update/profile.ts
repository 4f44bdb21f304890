import { z } from 'zod';
import { MAX_BUILD_BYTES } from '../../protocol/wire/release.ts';
import { malformed, type Role } from './problems.ts';

/**
 * The subset of TUF that our metadata uses. It is checked before anything reaches the library, because the sender is unknown
 * until signatures are verified: input that would keep the library busy, or an algorithm that we never use, is rejected here.
 */

/** Largest metadata, bytes. Snapshot and targets are limited further by their signed length. */
export const MAX_METADATA: Record<Role, number> = {
  root: 64 * 1024,
  timestamp: 16 * 1024,
  snapshot: 64 * 1024,
  targets: 2 * 1024 * 1024,
};

const MAX_KEYS = 64;
const MAX_TARGETS = 2000;

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const Version = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31);
const Expires = z.iso.datetime({ precision: 0 });

const common = { spec_version: z.string().regex(/^1(\.\d{1,4}){1,2}$/), version: Version, expires: Expires };
const envelope = <T extends z.ZodRawShape>(role: Role, signed: T) =>
  z.looseObject({
    signatures: z.array(z.looseObject({ keyid: Hex32, sig: z.string().regex(/^[0-9a-f]{0,256}$/) })).max(MAX_KEYS),
    signed: z.looseObject({ _type: z.literal(role), ...common, ...signed }),
  });

const Keys = z
  .record(
    Hex32,
    z.looseObject({
      keytype: z.literal('ed25519'),
      scheme: z.literal('ed25519'),
      keyval: z.looseObject({ public: Hex32 }),
    }),
  )
  .refine((keys) => Object.keys(keys).length <= MAX_KEYS, 'too many keys')
  // One key with two ids would count twice towards a threshold.
  .refine((keys) => unique(Object.values(keys).map((key) => key.keyval.public)), 'a key is listed twice');
const RoleKeys = z
  .looseObject({ keyids: z.array(Hex32).min(1).max(MAX_KEYS).refine(unique), threshold: z.number().int().min(1) })
  .refine((role) => role.threshold <= role.keyids.length, 'a threshold above the number of keys');

/** Length and hash are required, so that parts of different states can't be combined. */
const Meta = z.looseObject({
  version: Version,
  length: z.number().int().min(1).max(MAX_METADATA.targets),
  hashes: z.strictObject({ sha256: Hex32 }),
});

const schemas = {
  root: envelope('root', {
    consistent_snapshot: z.literal(true),
    keys: Keys,
    roles: z.strictObject({ root: RoleKeys, targets: RoleKeys, snapshot: RoleKeys, timestamp: RoleKeys }),
  }),
  timestamp: envelope('timestamp', { meta: z.strictObject({ 'snapshot.json': Meta }) }),
  // A snapshot with more roles would use delegations, which kiosks never follow.
  snapshot: envelope('snapshot', { meta: z.strictObject({ 'targets.json': Meta }) }),
  targets: envelope('targets', {
    delegations: z.never().optional(),
    targets: z
      .record(
        z.string().min(1).max(300),
        z.looseObject({
          length: z.number().int().min(1).max(MAX_BUILD_BYTES),
          hashes: z.strictObject({ sha256: Hex32 }),
          custom: z.unknown(),
        }),
      )
      .refine((targets) => Object.keys(targets).length <= MAX_TARGETS, 'too many targets'),
  }),
} satisfies Record<Role, z.ZodType>;

/** @throws Problem `update-repository-wrong` if the bytes are not metadata of this role in our profile */
export function requireProfile(role: Role, bytes: Buffer): void {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw malformed(role, 'they are not valid JSON', cause);
  }
  const parsed = schemas[role].safeParse(value);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  throw malformed(role, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong'}`);
}

function unique(all: readonly string[]): boolean {
  return new Set(all).size === all.length;
}
