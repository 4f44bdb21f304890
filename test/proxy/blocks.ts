import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/install/proxy.md'), 'utf8');

/** Returns the code block of docs/install/proxy.md in this language that contains `part`, unchanged. */
export function blockOf(language: string, part: string): string {
  const found = [...PAGE.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(
    ([, of, text]) => of === language && text!.includes(part),
  );
  if (found.length !== 1) throw new Error(`docs/install/proxy.md has ${found.length} ${language} blocks with ${part}`);
  return found[0]![2]!;
}

/** Replaces each key. @throws where one does not occur: then the page no longer says what the test expects */
export function replaced(text: string, pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs).reduce((out, [from, to]) => {
    if (!out.includes(from)) throw new Error(`docs/install/proxy.md no longer says ${from}`);
    return out.replaceAll(from, to);
  }, text);
}
