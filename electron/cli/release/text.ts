import type { Described } from '../../../build/release/describe.ts';
import type { Published } from '../../../build/release/publish.ts';
import type { Approval } from '../../../build/release/stage.ts';
import { sizeText } from '../output.ts';
import type { MadeKey } from './make.ts';
import type { Verified } from './verify.ts';

/** The commands' output for people. */

const short = (keyid: string) => keyid.slice(0, 12);
const day = (iso: string) => iso.slice(0, 10);

export function describedText({ root, targets }: Described): string {
  const lines: string[] = [];
  if (root) {
    lines.push(`root, version ${root.version}, valid until ${day(root.expires)}:`);
    if (root.roles.length === 0) lines.push('  the same keys as before');
    for (const { role, added, removed, threshold, thresholdBefore } of root.roles) {
      for (const id of removed) lines.push(`  - ${role} key ${short(id)}`);
      for (const id of added) lines.push(`  + ${role} key ${short(id)}`);
      const before = thresholdBefore === null || thresholdBefore === threshold ? '' : ` (before: ${thresholdBefore})`;
      lines.push(`    ${role} needs ${threshold} signatures${before}`);
    }
  }
  if (targets) {
    lines.push(`targets, version ${targets.version}, valid until ${day(targets.expires)}:`);
    for (const path of targets.removed) lines.push(`  - ${path}`);
    for (const { path, sha256, length, commit } of targets.added) {
      lines.push(`  ${targets.replaced.includes(path) ? '! REPLACES' : '+'} ${path}`);
      lines.push(`    ${sizeText(length)}, commit ${commit ?? 'unknown'}`, `    sha256 ${sha256}`);
    }
    if (targets.unchanged > 0) lines.push(`    ${targets.unchanged} builds as before`);
    lines.push(...cannotRollBackText(targets.cannotRollBack));
  }
  return lines.join('\n');
}

/** One warning per line. Such a build can still be signed, for kiosks that are reinstalled. */
export const cannotRollBackText = (builds: NonNullable<Described['targets']>['cannotRollBack']): string[] =>
  builds.map(
    ({ platform, version, needs, highest }) =>
      `! No kiosk would accept ${version} for ${platform} (update-cannot-roll-back): builds before it know schema ${highest} of the store, ` +
      `what it writes needs ${needs}. Release one that reads schema ${needs} first (docs/operate/releases.md).`,
  );

export function approvalsText(approvals: readonly Approval[]): string {
  return approvals
    .map(({ role, version, byRoot, have, need, keyids }) => {
      const asked = role === 'root' ? ` by the keys of root ${byRoot}` : '';
      const left = keyids.filter((id) => !have.includes(id)).map(short);
      const waits = have.length < need ? `; waiting for ${need - have.length} of ${left.join(', ')}` : '';
      return `${role} ${version}: ${have.length} of ${need} signatures${asked}${waits}`;
    })
    .join('\n');
}

export function madeText(made: readonly MadeKey[]): string {
  return made.map(({ role, keyid, file }) => `${role} key ${short(keyid)}  ${file ?? '(made elsewhere)'}`).join('\n');
}

const rolesText = ({ versions, expires }: Pick<Published, 'versions' | 'expires'>): string[] =>
  (Object.keys(versions) as (keyof typeof versions)[]).map(
    (role) => `${role} ${versions[role]}, valid until ${day(expires[role])}`,
  );

export const publishedText = (published: Published): string =>
  [...rolesText(published), `${published.targets.length} builds`].join('\n');

export function verifiedText({ builds, notes, ...metadata }: Verified): string {
  const all = builds.map(({ path, bytes }) => `${path}  ${sizeText(bytes)}`);
  return [...rolesText(metadata), ...all, ...(notes.length > 0 ? notes : ['A kiosk would accept all of it.'])].join(
    '\n',
  );
}
