import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/*
 * Nothing of the tests is left to the speed of the machine, to chance that can't be repeated, or to a port that is free by
 * luck. Plain patterns, so they find the usual ways and not every way; what they find wrongly is answered for below.
 */
const ROOT = join(import.meta.dirname, '..');
/** A limit this long ends what hangs, and fails nothing that is only slow. */
const HANG_MS = 60_000;

const RULES: readonly { readonly what: string; readonly found: (text: string) => readonly string[] }[] = [
  {
    what: 'Math.random: take printedRandom (test/chance.ts), randomUUID for a name',
    found: (text) => text.match(/\bMath\.random\b/g) ?? [],
  },
  {
    what: 'a port that was free a moment ago: listen on 0 and read it back, or take reservePorts (test/services/ports.ts)',
    found: (text) => [
      ...(text.match(/\bfree_?ports?\b/gi) ?? []),
      ...(text.match(/\.listen\(0\b(?:(?!\n\}).){0,400}?\.close\(\(\) => resolve\(\w*\.?port/gs) ?? []),
    ],
  },
  {
    what: 'a wall-clock limit: wait for what has to happen, and let order decide (a limit of a minute or more may end what hangs)',
    found: (text) =>
      [
        ...text.matchAll(
          /expect\([^\n]*?(?:\b(?:performance|Date)\.now\(\)|\b(?:ms|took|elapsed|duration|seconds)\b)[^\n]*\)\s*\.toBeLess\w+\(([\d_]+)/g,
        ),
      ]
        .filter(([, limit]) => Number(limit!.replaceAll('_', '')) < HANG_MS)
        .map(([whole]) => whole),
  },
];

/** Where a pattern is found that decides nothing: file → why. */
const ANSWERED: Readonly<Record<string, string>> = {
  'test/steady.test.ts': 'names what it looks for',
};

const faultsOf = (text: string) =>
  RULES.flatMap(({ what, found }) => found(text).map((one) => `${one.replaceAll(/\s+/g, ' ')}: ${what}`));

test('no test is decided by the clock, by chance without a seed, or by a guessed port', () => {
  const files = globSync(['test/**/*.{ts,tsx}', '{electron,models,renderer,sync,build}/**/*.{test,spec}.{ts,tsx}'], {
    cwd: ROOT,
    exclude: ['**/node_modules/**', '**/dist/**'],
  });
  expect(files.length).toBeGreaterThan(300);
  const faults = files
    .filter((file) => !(file in ANSWERED))
    .flatMap((file) => faultsOf(readFileSync(join(ROOT, file), 'utf8')).map((fault) => `${file}: ${fault}`));
  expect(faults).toEqual([]);
});

test.each([
  ['setTimeout(kill, Math.random() * 4)', 1],
  ['const [port] = await freePorts(1);', 1],
  [
    "server.listen(0, '127.0.0.1', () => {\n  const { port } = server.address();\n  server.close(() => resolve(port));\n});",
    1,
  ],
  ['expect(performance.now() - began).toBeLessThan(2_000);', 1],
  ['expect(await took(closing)).toBeLessThan(5000);', 1],
  ['expect(ms).toBeLessThanOrEqual(300);', 1],
  ['expect(Date.now() - heard).toBeLessThan(60_000);', 0],
  ['expect(performance.now() - began).toBeGreaterThan(250);', 0],
  ['await new Promise((done) => server.listen(0, done));\nreturn { port, close: () => server.close() };', 0],
  ['expect(answer.status).toBeLessThan(300);', 0],
])('of this, the patterns find what they are to: %s', (text, count) => {
  expect(faultsOf(text)).toHaveLength(count);
});
