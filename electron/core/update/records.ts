import { z } from 'zod';
import { BuildVersion } from '../../../sync/protocol/wire/release.ts';
import { keptJson } from '../kept-json.ts';
import type { Store } from '../store/interface.ts';
import { BuildId } from './files.ts';
import type { SelfMatch } from './test-face.ts';

/**
 * What the core stores about updates. Read by the previous and the next build alike: unknown fields are ignored, and none is ever
 * removed.
 */

const Uuid = z.uuid().lowercase();

/** What was requested, reported again with its outcome. */
const Asked = z.object({
  action: z.enum(['install', 'rollback']),
  version: BuildVersion,
  /** Null if staff requested it here. */
  rollout: Uuid.nullable(),
  retry: z.number().int().nonnegative(),
});
export type Asked = z.infer<typeof Asked>;

/** A switch that has started: the build it leads to, and the state before it. */
export const TrialRecord = z.object({
  attempt: Uuid,
  asked: Asked,
  build: BuildId,
  /** Version of that build, and of the one that ran before. */
  version: BuildVersion,
  from: BuildVersion,
  before: z.object({
    camera: z.boolean(),
    faces: z.boolean(),
    online: z.boolean(),
    match: z.object({ model: z.string().max(100), embedding: z.base64().max(8192) }).nullable(),
  }),
  /** True if the new build has confirmed that it runs. */
  acknowledged: z.boolean(),
});
export type TrialRecord = z.infer<typeof TrialRecord>;

const Failed = z.record(BuildVersion, z.number().int().nonnegative());
/** The last reported rejection, so that it is reported only once. */
const Refused = z.object({ key: z.string().max(300), code: z.string().max(60) });

export const TRIAL = 'update-trial';
export const FAILED = 'update-failed';
export const REFUSED = 'update-refused';
/** How many failed versions are remembered. */
const MAX_FAILED = 20;

interface HasSettings {
  readonly settings: Pick<Store['settings'], 'get'>;
}

export const readTrial = ({ settings }: HasSettings): TrialRecord | null => keptJson(TrialRecord, settings.get(TRIAL));
export const readFailed = ({ settings }: HasSettings): Record<string, number> =>
  keptJson(Failed, settings.get(FAILED)) ?? {};
export const readRefused = ({ settings }: HasSettings): z.infer<typeof Refused> | null =>
  keptJson(Refused, settings.get(REFUSED));

/** Returns the failed versions plus this one. */
export function withFailed(
  failed: Readonly<Record<string, number>>,
  { version, retry }: Asked,
): Record<string, number> {
  const others = Object.entries(failed).filter(([name]) => name !== version);
  return Object.fromEntries([...others.slice(-(MAX_FAILED - 1)), [version, retry]]);
}

/** Returns the key of a request: one with a different key is tried again. */
export const keyOf = ({ action, version, rollout, retry }: Asked): string =>
  [action, version, rollout ?? 'staff', retry].join(' ');

export const packMatch = (match: SelfMatch | null): TrialRecord['before']['match'] =>
  match && {
    model: match.model,
    embedding: Buffer.from(match.embedding.buffer, match.embedding.byteOffset, match.embedding.byteLength).toString(
      'base64',
    ),
  };

export function unpackMatch(kept: TrialRecord['before']['match']): SelfMatch | null {
  if (!kept) return null;
  const bytes = Buffer.from(kept.embedding, 'base64');
  return { model: kept.model, embedding: new Float32Array(new Uint8Array(bytes).buffer) };
}

/** Returns what an event reports about a trial. */
export function detailOf(
  { asked, version, from }: Pick<TrialRecord, 'asked' | 'version' | 'from'>,
  reason?: string,
): Record<string, string | number | boolean> {
  const { action, rollout, retry } = asked;
  return { version, from, action, retry, ...(rollout && { rollout }), ...(reason && { reason: reason.slice(0, 60) }) };
}
