import { z } from 'zod';
import type { LicenceAnswer } from './answers.ts';

/** Licences under which a package may be part of the product without a separate decision. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'OFL-1.1',
]);

export const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.string().optional(),
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      link: z.boolean().optional(),
      resolved: z.string().optional(),
    }),
  ),
});

/** Whether an SPDX expression is acceptable: one side of an OR, every part of an AND. */
export function isAllowed(expression: string): boolean {
  const plain = expression.trim().replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(plain)) return false; // nested expressions need a person's decision
  return plain.split(/ OR /i).some((alternative) => alternative.split(/ AND /i).every((id) => ALLOWED.has(id.trim())));
}

/**
 * Returns what is wrong with the licences of the packages installed in production, one line per problem.
 *
 * @param lockfiles their production entries are those without `dev` that don't link to one of our own folders
 */
export function licenceFaults(
  lockfiles: readonly z.infer<typeof Lockfile>[],
  answers: readonly LicenceAnswer[],
): string[] {
  const used = new Set<LicenceAnswer>();
  const faults: string[] = [];
  for (const [path, entry] of lockfiles.flatMap(({ packages }) => Object.entries(packages))) {
    const at = path.lastIndexOf('node_modules/');
    if (at < 0 || entry.dev || entry.link) continue;
    const name = path.slice(at + 'node_modules/'.length);
    const licence = entry.license ?? 'not stated';
    if (isAllowed(licence)) continue;
    const answer = answers.find((a) => a.licence === licence && matches(a.package, name));
    if (answer) used.add(answer);
    else faults.push(`${name} ${entry.version ?? ''}: ${licence} is not on the list, and no answer accepts it`);
  }
  for (const answer of answers)
    if (!used.has(answer)) faults.push(`the answer for ${answer.package} (${answer.licence}) matches nothing any more`);
  return [...new Set(faults)];
}

/** `pattern` is a package name, or a prefix followed by `*`. */
const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
