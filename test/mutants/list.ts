import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Whether a test file is one of Playwright's. */
export const isSpec = (file: string): boolean => file.endsWith('.spec.ts');

/** One minimal change of the product that breaks a promise, and the tests that must notice. */
const MutantSchema = z
  .strictObject({
    /** The promise that the mutation breaks: one plain sentence. */
    promise: z.string().regex(/^[A-Z0-9].*\.$/),
    /** Path from the project's root. */
    file: z.string(),
    /** Source text that occurs in the file exactly once. */
    from: z.string().min(1),
    to: z.string(),
    /** Files of vitest (`.test.ts`) or of Playwright (`.spec.ts`), at least one of which must fail. */
    tests: z.array(z.string().regex(/^test\/.*\.spec\.ts$|\.test\.ts$/)).min(1),
    /** Matches titles of the tests that must fail: a regular expression for vitest's `-t` and Playwright's `-g`. Default: all. */
    title: z.string().optional(),
  })
  // A browser is slow, so only the relevant tests of its files run.
  .refine(
    ({ tests, title }) => title !== undefined || !tests.some(isSpec),
    'a mutant that names a .spec.ts names a title',
  );
export type Mutant = z.infer<typeof MutantSchema>;

const LISTS = join(import.meta.dirname, 'lists');

/** Returns the stored mutants, in the order of their lists. @throws ZodError where an entry does not have the shape above */
export function readMutants(): Mutant[] {
  return readdirSync(LISTS)
    .sort()
    .flatMap((name) => z.array(MutantSchema).parse(JSON.parse(readFileSync(join(LISTS, name), 'utf8'))));
}

/** @returns the source with the mutation applied. @throws Error where `from` does not occur exactly once, or changes nothing */
export function mutate(source: string, mutant: Pick<Mutant, 'file' | 'from' | 'to'>): string {
  const at = source.indexOf(mutant.from);
  if (at < 0) throw new Error(`${mutant.file} does not contain: ${mutant.from}`);
  if (source.indexOf(mutant.from, at + 1) >= 0)
    throw new Error(`${mutant.file} contains more than once: ${mutant.from}`);
  if (mutant.from === mutant.to) throw new Error(`${mutant.file}: this changes nothing: ${mutant.from}`);
  return source.slice(0, at) + mutant.to + source.slice(at + mutant.from.length);
}
