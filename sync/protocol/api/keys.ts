import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { ServerKeyPurpose } from './incidents.ts';
import { QueryFlag } from './page.ts';

/** `/api/server-keys`: what kiosks know the server by. `/api/key-rotation`: ENCRYPTION_KEY and SECRET_KEY, and their rotation. */

export const ServerKeys = z.strictObject({
  serverId: Uuid,
  serial: z.number().int(),
  fingerprint: z.string(),
  /** Every key that is valid, newest first of each purpose. */
  keys: z.array(
    z.strictObject({ purpose: ServerKeyPurpose, id: z.string(), serial: z.number().int(), newest: z.boolean() }),
  ),
});

export const KeyRotation = z.strictObject({
  from: z.number().int(),
  to: z.number().int(),
  reEncrypt: z.boolean(),
  phase: z.enum(['announced', 'switched', 'working', 'finished']),
  /** What is being done; null between two. */
  step: z.string().nullable(),
  /** Rows done and to be done, as counted at the start: more may come meanwhile. */
  done: z.number().int(),
  total: z.number().int(),
  waitsFor: z.string().nullable(),
});

export const KeyRotationAdvanced = KeyRotation.extend({
  /** The tables hold no dead row under the old keys any more. False: not yet, or a transaction still reads them. */
  scrubbed: z.boolean(),
  /** The write-ahead log that held those rows; null before they are gone. */
  databaseLog: z
    .strictObject({ state: z.enum(['removed', 'recycled', 'needed', 'unknown']), archived: z.boolean() })
    .nullable(),
});

export const KeyStatus = z.strictObject({
  /** Version that is written. */
  writes: z.number().int(),
  versions: z.array(
    z.strictObject({
      version: z.number().int(),
      state: z.enum(['active', 'incoming', 'retired']),
      /** This process has it. */
      here: z.boolean(),
    }),
  ),
  /** The state of this process's ENCRYPTION_KEY and SECRET_KEY. */
  present: z.enum(['in use', 'new', 'incoming']),
  previous: z.enum(['none', 'needed', 'not needed any more', 'unknown']),
  /** Person keys and records by key version. */
  under: z.record(z.string(), z.number().int()),
  replicas: z.array(z.strictObject({ id: z.string(), writes: z.number().int(), ready: z.boolean(), seenAt: Instant })),
  rotation: KeyRotation.nullable(),
});

export const listServerKeys = endpoint('GET /api/server-keys', {
  summary: 'Every valid key of the server, without private halves, and the server’s fingerprint',
  roles: ['operator'],
  data: [],
  answer: ServerKeys,
});

const operate = { roles: ['operator'], data: ['keys'], action: 'operate' } as const;

export const succeedServerKey = endpoint('POST /api/server-keys/:purpose/succeed', {
  ...operate,
  summary: 'Make the successor of a key; the old one stays valid until it is retired',
  params: { purpose: ServerKeyPurpose },
  answer: z.strictObject({ serial: z.number().int() }),
});

export const retireServerKeys = endpoint('POST /api/server-keys/:purpose/retire', {
  ...operate,
  summary: 'Retire all keys of a purpose but the newest, and destroy their private halves',
  params: { purpose: ServerKeyPurpose },
  body: z.strictObject({
    /** Also where approved devices do not have the newest yet. */
    force: z.boolean().default(false),
  }),
  answer: z.strictObject({ serial: z.number().int(), cutOff: z.array(Uuid) }),
  errors: ['devices-know-only-old-keys', 'nothing-to-retire'],
});

export const getKeyStatus = endpoint('GET /api/key-rotation', {
  summary: 'Versions of the keys, what is under which, which processes hold what, and how far a rotation is',
  roles: ['operator'],
  data: [],
  answer: KeyStatus,
});

export const planKeyRotation = endpoint('GET /api/key-rotation/plan', {
  summary: 'What a rotation would do; it does nothing',
  roles: ['operator'],
  data: [],
  query: z.strictObject({ reEncrypt: QueryFlag.default(false) }),
  answer: z.strictObject({ steps: z.array(z.strictObject({ step: z.string(), rows: z.number().int() })) }),
});

export const beginKeyRotation = endpoint('POST /api/key-rotation', {
  ...operate,
  summary: 'Begin a rotation to the keys of the environment, or find the one that was begun',
  body: z.strictObject({
    /** Also gives every person a new key. */
    reEncrypt: z.boolean().default(false),
  }),
  answer: KeyRotation,
  errors: ['no-new-keys', 'keys-used-before', 'replicas-lack-keys', 'rotation-other'],
});

/** Called until it is finished. The call that finishes it leaves a row in the audit log; those before it do not. */
export const advanceKeyRotation = endpoint('POST /api/key-rotation/advance', {
  summary: 'Work on the rotation for a few seconds',
  roles: ['operator'],
  data: [],
  action: 'read',
  answer: KeyRotationAdvanced,
  errors: ['no-rotation', 'rotation-left-over'],
});
