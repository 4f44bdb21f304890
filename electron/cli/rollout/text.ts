import type { z } from 'zod';
import type {
  RepositoryBuild,
  Ring,
  Rollout,
  RolloutAction,
  RolloutKiosk,
} from '../../../sync/protocol/api/rollouts.ts';

/** Rollouts as lines of text. */

type Build = z.output<typeof RepositoryBuild>;

const WAITS: Readonly<Record<Rollout['waitsFor'], string>> = {
  nothing: '',
  soak: 'soaks',
  verdicts: 'waits until kiosks have said how they are',
  contact: 'waits: none of the kiosks that it has come to was heard of for an hour; see `rollout advance`',
  failures: 'waits: too large a share of the first kiosks failed',
  decision: 'waits for `rollout advance`',
};

export function rolloutLine(r: Rollout): string {
  const counts = Object.entries(r.counts).filter(([, n]) => n > 0);
  const kiosks = counts.map(([state, n]) => `${n} ${state}`).join(', ') || 'no kiosks';
  const why = r.stopped ? `: ${r.stopped.failed} of ${r.stopped.got} kiosks failed` : '';
  const waits = WAITS[r.waitsFor];
  const next = waits && `; ${waits}${r.nextAt ? ` until ${r.nextAt}` : ''}`;
  const step = r.endedAt === null ? `, step ${r.step + 1} of ${r.steps.length}` : '';
  return `${r.id}  ${r.version.padEnd(10)}  ${r.state}${why}${step} (${kiosks})${next}`;
}

export const stepText = ({ ring, percent, soakHours }: Rollout['steps'][number]): string =>
  `${ring.padEnd(7)} ${String(percent).padStart(3)} %${soakHours > 0 ? `, then ${soakHours} h` : ''}`;

export function kioskLine(k: RolloutKiosk): string {
  const why = k.reason ? ` (${k.reason})` : '';
  const from = k.from ? ` from ${k.from}` : '';
  return `${k.device}  ${k.state.padEnd(11)}  ${k.name}${from}${why}${k.at ? `  ${k.at}` : ''}`;
}

/** The order in which an act’s details are listed; others follow. */
const DETAILS = ['version', 'step', 'ring', 'percent', 'soakHours', 'failed', 'got', 'retry'];

export function actionLine({ at, by, email, what, detail }: RolloutAction): string {
  const keys = [...new Set([...DETAILS, ...Object.keys(detail)])].filter((key) => key in detail);
  const text = keys.map((key) => `${key} ${detail[key]}`);
  return `${at}  ${what.padEnd(11)}  by ${email ?? by}${text.length > 0 ? `: ${text.join(', ')}` : ''}`;
}

export function ringLine({ id, name, count, kiosks }: Ring): string {
  const names = kiosks.map((k) => k.name).join(', ');
  return `${id.padEnd(7)}${name ? ` “${name}”` : ''} ${count} ${count === 1 ? 'kiosk' : 'kiosks'}${names ? `: ${names}` : ''}`;
}

export const buildLine = ({ version, platforms, commit, bytes }: Build): string =>
  `${version.padEnd(10)}  ${platforms.join(', ')}  ${Math.ceil(bytes / 1024 / 1024)} MB  ${commit.slice(0, 12)}`;
