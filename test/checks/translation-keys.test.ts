import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LOCALES as CONSOLE } from '../../renderer/console/locales/index.ts';
import { LOCALES as KIOSK } from '../../renderer/kiosk/locales/index.ts';
import { LOCALES as PORTAL } from '../../renderer/portal/locales/index.ts';

const ROOT = join(import.meta.dirname, '../../renderer');
const CALL = /\b(?:t|codeLabel|tIn)\((?:lng, )?(['`])([a-zA-Z][\w.-]*?)(?:\1|\.?\$\{)/g;

/** Whether there is a sentence, or a group of them, at this place; a sentence with a count has its plural forms there. */
function isThere(sentences: object, key: string): boolean {
  const path = key.split('.');
  const last = path.pop()!;
  let at: unknown = sentences;
  for (const part of path) at = (at as Record<string, unknown> | undefined)?.[part];
  return typeof at === 'object' && at !== null && [last, `${last}_other`].some((name) => name in at);
}

test.each([
  ['console', CONSOLE.en],
  ['kiosk', KIOSK.en],
  ['portal', PORTAL.en],
])('every key that the %s’s screens ask for has a sentence', (app, sentences) => {
  const asked = globSync(`${app}/**/*.{ts,tsx}`, { cwd: ROOT, exclude: ['**/locales/**', '**/*.test.ts'] }).flatMap(
    (file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(CALL)].map((call) => ({ file, key: call[2]! })),
  );
  expect(asked.length).toBeGreaterThan(50);
  expect(asked.filter(({ key }) => !isThere(sentences, key))).toEqual([]);
});
