import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, sortedQuery } from './page.ts';

/** `/api/attention`: what someone in charge has to look at. */

export const ATTENTION_KINDS = [
  /** A person said that a record is not theirs, or not right. */
  'void',
  /** A person said on their own page that a record is wrong. */
  'complaint',
  /** Two people may be the same. */
  'duplicate',
  /** Two people who cannot be distinguished by face alone were marked: someone should know. */
  'lookalikes',
  /** An enrolment waits for an administrator: the face is like someone else's. */
  'enrolment',
  /** An event that could not be taken. */
  'quarantine',
  /** Someone's scores are getting worse, or their face was enrolled too long ago: enrol again. */
  'drift',
  /** A consent ends soon, or has ended. */
  'consent',
  /** Someone comes of age soon, or has: their own consent is due. */
  'age',
  /** An import waits for its review. */
  'import',
  /** Had no photo that another embedder could be fed with: enrol again. */
  'embedder',
  /** A rollout stopped automatically. */
  'rollout',
  /** Something is wrong with a kiosk: it is out of reach, its disk is full, its camera is gone. */
  'kiosk',
  /** Something is wrong with the server, its database, broker or backups. */
  'server',
  /** A receiver of webhooks takes nothing. */
  'webhook',
] as const;
export const AttentionKind = z.enum(ATTENTION_KINDS);
export type AttentionKind = z.infer<typeof AttentionKind>;

/** A DPO sees what is about rights and consent; what the machinery could not do is the administrators'. */
export const ATTENTION_OF_ROLE: Readonly<Record<string, readonly AttentionKind[]>> = {
  admin: ATTENTION_KINDS,
  staff: ATTENTION_KINDS.filter((kind) => !['quarantine', 'rollout', 'server', 'webhook'].includes(kind)),
  dpo: ['void', 'complaint', 'consent', 'age'],
};

/** Codes of what stops check-ins or backups, or needs attention now. */
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
  /** Which one of its kind; with `kind` it names the item. */
  ref: Ref,
  at: Instant,
  /** What it is, e.g. `not-me`, `lapsed`, `event-newer-schema`, of a kiosk its alert's code. */
  code: z.string(),
  person: Uuid.nullable(),
  name: z.string().nullable(),
  /** The other person of a pair. */
  other: z.strictObject({ id: Uuid, name: z.string().nullable() }).nullable(),
  device: Uuid.nullable(),
  /** Of the server's trouble, the replicas that it is about, an empty name for one without a name; none: the installation. */
  replicas: z.array(z.string()),
  /** The name of the webhook that it is about. */
  webhook: z.string().nullable(),
  score: z.number().nullable(),
  /** When the record was made that it is about; null: it is about no record, or that one is no longer here. */
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
  /** Of its kiosk, else of its people: what concerns the whole installation is of none. */
  site: Uuid.optional(),
});
export const AttentionPage = countedPageOf(AttentionItem);
export type AttentionPage = z.infer<typeof AttentionPage>;

/** How many are open, by kind; a kind that the role may not see is left out. */
export const AttentionCount = z.strictObject({
  total: z.number().int(),
  kinds: z.partialRecord(AttentionKind, z.number().int()),
});
export type AttentionCount = z.infer<typeof AttentionCount>;

/** What was done about it, in words. */
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
  // The rail polls: that does not count as use of the session.
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
