import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, sortedQuery } from './page.ts';

/** `/api/attention`: items that someone in charge has to deal with. */

export const ATTENTION_KINDS = [
  /** A person said at a kiosk that a record is not theirs or not right. */
  'void',
  /** A person said on their own page that a record is wrong. */
  'complaint',
  /** Two people may be the same person. */
  'duplicate',
  /** Two people who can't be distinguished by face alone were marked, for information. */
  'lookalikes',
  /** An enrolment is on hold for an administrator because the face is like someone else's. */
  'enrolment',
  /** An event could not be accepted. */
  'quarantine',
  /** Someone's scores are dropping, or their face was enrolled too long ago: enrol it again. */
  'drift',
  /** A consent ends soon, or has ended. */
  'consent',
  /** Someone comes of age soon, or has: their own consent is due. */
  'age',
  /** An import is waiting for review. */
  'import',
  /** Someone has no photo from which another embedder could make a template: enrol them again. */
  'embedder',
  /** A rollout stopped automatically. */
  'rollout',
  /** A kiosk has a problem: it is offline, its disk is full, its camera is missing. */
  'kiosk',
  /** The server, its database, broker or backups have a problem. */
  'server',
  /** A webhook receiver accepts nothing. */
  'webhook',
] as const;
export const AttentionKind = z.enum(ATTENTION_KINDS);
export type AttentionKind = z.infer<typeof AttentionKind>;

/** The DPO sees what concerns rights and consent; technical failures are for administrators. */
export const ATTENTION_OF_ROLE: Readonly<Record<string, readonly AttentionKind[]>> = {
  admin: ATTENTION_KINDS,
  staff: ATTENTION_KINDS.filter((kind) => !['quarantine', 'rollout', 'server', 'webhook'].includes(kind)),
  dpo: ['void', 'complaint', 'consent', 'age'],
};

/** Codes of problems that prevent check-ins or backups, or need attention now. */
const URGENT: Readonly<Partial<Record<AttentionKind, ReadonlySet<string>>>> = {
  kiosk: new Set(['offline', 'disk-full', 'camera-bad', 'camera-doubtful', 'emergency-pin-used', 'no-screen']),
  server: new Set([
    'backup-missing',
    'backup-old',
    'clock-wrong',
    'database-read-only',
    'disk-full',
    'keyring-failed',
    'models-altered',
    'people-certificate-ended',
    'quarantine-full',
    'replica-silent',
    's3-unusable',
    'server-not-running',
  ]),
};
export const isUrgent = ({ kind, code }: { readonly kind: string; readonly code: string }): boolean =>
  URGENT[kind as AttentionKind]?.has(code) ?? false;

const Ref = z.string().min(1).max(120);

export const AttentionItem = z.strictObject({
  kind: AttentionKind,
  /** Identifies the item together with `kind`. */
  ref: Ref,
  at: Instant,
  /** What it is, e.g. `not-me`, `lapsed`, `event-newer-schema`; for a kiosk, its alert's code. */
  code: z.string(),
  person: Uuid.nullable(),
  name: z.string().nullable(),
  /** The other person of a pair. */
  other: z.strictObject({ id: Uuid, name: z.string().nullable() }).nullable(),
  device: Uuid.nullable(),
  /** For server problems: names of the replicas concerned ('' for one without a name); empty: the whole installation. */
  replicas: z.array(z.string()),
  /** Name of the webhook concerned. */
  webhook: z.string().nullable(),
  score: z.number().nullable(),
  /** Time of the record concerned; null: none, or it has been deleted. */
  recordAt: Instant.nullable(),
  /** What the person wrote about it, if anything. */
  message: z.string().nullable(),
  /** Null: open. */
  resolved: z.strictObject({ at: Instant, by: Uuid.nullable(), note: z.string() }).nullable(),
});
export type AttentionItem = z.infer<typeof AttentionItem>;

export const AttentionQuery = z.strictObject({
  ...sortedQuery(['at', 'what'], '-at'),
  kind: AttentionKind.optional(),
  state: z.enum(['open', 'resolved']).default('open'),
  /** Site of the item's kiosk, otherwise of its people. Items about the whole installation have none. */
  site: Uuid.optional(),
});
export const AttentionPage = countedPageOf(AttentionItem);
export type AttentionPage = z.infer<typeof AttentionPage>;

/** Number of open items by kind, without kinds that the role may not see. */
export const AttentionCount = z.strictObject({
  total: z.number().int(),
  kinds: z.partialRecord(AttentionKind, z.number().int()),
});
export type AttentionCount = z.infer<typeof AttentionCount>;

/** Resolves an item with a note on what was done. */
export const ResolveAttention = z.strictObject({
  kind: AttentionKind,
  ref: Ref,
  note: z.string().trim().min(1).max(500),
});

export const listAttention = endpoint('GET /api/attention', {
  summary: 'List items that need attention',
  roles: ['admin', 'dpo', 'staff'],
  data: ['person.name', 'attendance', 'attention.note', 'complaint.message'],
  query: AttentionQuery,
  answer: AttentionPage,
  errors: ['not-allowed', 'unknown-site'],
});

export const countAttention = endpoint('GET /api/attention/count', {
  summary: 'Count open items by kind',
  roles: ['admin', 'dpo', 'staff'],
  data: [],
  answer: AttentionCount,
  // Polled by the navigation rail, which does not count as use of the session.
  idle: true,
});

export const resolveAttention = endpoint('POST /api/attention/resolve', {
  summary: 'Resolve an item with a note, which is kept',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attention.note'],
  body: ResolveAttention,
  errors: ['attention-unknown', 'attention-already-resolved', 'attention-elsewhere', 'not-allowed'],
});

export const reopenAttention = endpoint('POST /api/attention/reopen', {
  summary: 'Reopen an item; its note is deleted',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attention.note'],
  body: z.strictObject({ kind: AttentionKind, ref: Ref }),
  errors: ['attention-unknown', 'not-allowed'],
});
