import { Problem } from '../../../errors/problem.ts';
import type { PolicyPatch } from '../../../protocol/api/sites.ts';
import { Policy } from '../../../protocol/wire/changes.ts';

/**
 * A policy with some settings changed, and the others as they are.
 *
 * @throws Problem `settings-changed-meanwhile`: one of them is no longer what it was when it was read; `bad-request`
 */
export function policyPatched(policy: Policy, { was, is }: PolicyPatch): Policy {
  const next = Policy.safeParse({
    ...changed(policy, was, is),
    ...((was.privacy ?? is.privacy) && {
      privacy: changed(policy.privacy ?? {}, was.privacy ?? {}, is.privacy ?? {}),
    }),
  });
  if (!next.success) throw new Problem('bad-request', { reason: 'a contact needs all three; check the numbers' });
  return next.data;
}

function changed(present: object, was: object, is: object): object {
  const value = (of: object, name: string) => (of as Record<string, unknown>)[name];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => name !== 'privacy');
  for (const name of names)
    if (JSON.stringify(value(present, name)) !== JSON.stringify(value(was, name)))
      throw new Problem('settings-changed-meanwhile');
  return { ...present, ...Object.fromEntries(names.map((name) => [name, value(is, name)])) };
}
