import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { ServerKeyPurpose } from './incidents.ts';
import { QueryFlag } from './page.ts';

/** `/api/server-keys`: keys by which kiosks recognise the server. `/api/key-rotation`: rotating ENCRYPTION_KEY and SECRET_KEY. */

export const ServerKeys = z.strictObject({
  serverId: Uuid,
  serial: z.number().int(),
  fingerprint: z.string(),
  /** Every valid key, newest first for each purpose. */
  keys: z.array(
    z.strictObject({ purpose: ServerKeyPurpose, id: z.string(), serial: z.number().int(), newest: z.boolean() }),
  ),
});

export const KeyRotation = z.strictObject({
  from: z.number().int(),
  to: z.number().int(),
  reEncrypt: z.boolean(),
  phase: z.enum(['announced', 'switched', 'working', 'finished']),
  /** The current step; null between two steps. */
  step: z.string().nullable(),
  /** Rows done and total, counted at the start. More may be added in the meantime. */
  done: z.number().int(),
  total: z.number().int(),
  waitsFor: z.string().nullable(),
});

export const KeyRotationAdvanced = KeyRotation.extend({
  /** The tables no longer have dead rows under the old keys. False: not yet, or a transaction can still read them. */
  scrubbed: z.boolean(),
  /** State of the write-ahead log that held those rows; null before they are deleted. */
  databaseLog: z
    .strictObject({ state: z.enum(['removed', 'recycled', 'needed', 'unknown']), archived: z.boolean() })
    .nullable(),
});

export const KeyStatus = z.strictObject({
  /** Version used for writing. */
  writes: z.number().int(),
  versions: z.array(
    z.strictObject({
      version: z.number().int(),
      state: z.enum(['active', 'incoming', 'retired']),
      /** Whether this process has it. */
      here: z.boolean(),
    }),
  ),
  /** The state of this process's ENCRYPTION_KEY and SECRET_KEY. */
  present: z.enum(['in use', 'new', 'incoming']),
  previous: z.enum(['none', 'needed', 'not needed any more', 'unknown']),
  /** Number of person keys and records by key version. */
  under: z.record(z.string(), z.number().int()),
  replicas: z.array(z.strictObject({ id: z.string(), writes: z.number().int(), ready: z.boolean(), seenAt: Instant })),
  rotation: KeyRotation.nullable(),
});

export const listServerKeys = endpoint('GET /api/server-keys', {
  summary: 'List the server’s valid keys, without private keys, and its fingerprint',
  roles: ['operator'],
  data: [],
  answer: ServerKeys,
});

const operate = { roles: ['operator'], data: ['keys'], action: 'operate' } as const;

export const succeedServerKey = endpoint('POST /api/server-keys/:purpose/succeed', {
  ...operate,
  summary: 'Create a key’s successor; the old one stays valid until it is retired',
  params: { purpose: ServerKeyPurpose },
  answer: z.strictObject({ serial: z.number().int() }),
});

export const retireServerKeys = endpoint('POST /api/server-keys/:purpose/retire', {
  ...operate,
  summary: 'Retire all keys of a purpose except the newest, and destroy their private keys',
  params: { purpose: ServerKeyPurpose },
  body: z.strictObject({
    /** Even if approved devices do not have the newest key yet. */
    force: z.boolean().default(false),
  }),
  answer: z.strictObject({ serial: z.number().int(), cutOff: z.array(Uuid) }),
  errors: ['devices-know-only-old-keys', 'nothing-to-retire'],
});

export const getKeyStatus = endpoint('GET /api/key-rotation', {
  summary: 'Show key versions, what each encrypts, which processes hold which keys, and the progress of a rotation',
  roles: ['operator'],
  data: [],
  answer: KeyStatus,
});

export const planKeyRotation = endpoint('GET /api/key-rotation/plan', {
  summary: 'Preview what a rotation would do; changes nothing',
  roles: ['operator'],
  data: [],
  query: z.strictObject({ reEncrypt: QueryFlag.default(false) }),
  answer: z.strictObject({ steps: z.array(z.strictObject({ step: z.string(), rows: z.number().int() })) }),
});

export const beginKeyRotation = endpoint('POST /api/key-rotation', {
  ...operate,
  summary: 'Start a rotation to the keys of the environment, or return the one in progress',
  body: z.strictObject({
    /** Also gives every person a new key. */
    reEncrypt: z.boolean().default(false),
  }),
  answer: KeyRotation,
  errors: ['no-new-keys', 'keys-used-before', 'replicas-lack-keys', 'rotation-other'],
});

/** Call it until it is finished. Only the call that finishes the rotation writes an audit row. */
export const advanceKeyRotation = endpoint('POST /api/key-rotation/advance', {
  summary: 'Work on the rotation for a few seconds',
  roles: ['operator'],
  data: [],
  action: 'read',
  answer: KeyRotationAdvanced,
  errors: ['no-rotation', 'rotation-left-over'],
});
