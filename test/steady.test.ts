import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/*
 * No test depends on the speed of the machine, on chance that can't be repeated, or on a port that happens to be free. These are
 * plain patterns, so they find the usual cases, not all. False positives are explained below.
 */
const ROOT = join(import.meta.dirname, '..');
/** A limit this long only ends tests that hang; it doesn't fail slow ones. */
const HANG_MS = 60_000;

/** Matches whose limit, ms, is too short for a guard against hanging. */
const shortOf = (found: Iterable<RegExpMatchArray>): string[] =>
  [...found].filter(([, limit]) => Number(limit!.replaceAll('_', '')) < HANG_MS).map(([whole]) => whole);

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
      shortOf(
        text.matchAll(
          /expect\([^\n]*?(?:\b(?:performance|Date)\.now\(\)|\b(?:ms|took|elapsed|duration|seconds)\b)[^\n]*\)\s*\.toBeLess\w+\(([\d_]+)/g,
        ),
      ),
  },
  {
    what: 'a short limit of a wait: a busy machine fails the test; leave it out, or give it a minute',
    found: (text) => [
      ...shortOf(outsideRetries(text).matchAll(/\btimeout: (\d[\d_]{2,})\b/g)),
      ...shortOf(text.matchAll(/\bAbortSignal\.timeout\((\d[\d_]*)\)/g)),
      // A date isn't a limit, nor is a number in another unit.
      ...shortOf(text.matchAll(/(?<!new Date\()\b(?:Date|performance)\.now\(\) \+ (\d[\d_]*)\b(?! [*/])/g)),
      ...shortOf(text.matchAll(/\b(?:Date|performance)\.now\(\)[^\n;{]*? <=? (\d[\d_]*)\b/g)),
      ...shortOf(text.matchAll(/^\s*\}, (\d[\d_]{3,})\);$/gm)),
      ...(text.match(/vi\.wait(?:For|Until)\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)/g) ?? []).filter(
        (call) => !/, *(?:\w+|\{[^{}]*\}),?\s*\)$/.test(call),
      ),
    ],
  },
  {
    what: 'a wait that decides: wait for what has to happen, or for a later thing that proves that nothing did',
    found: (text) => [
      ...pausesOf(text),
      ...shortOf(text.matchAll(/Promise\.race\(\[[^;]*?\b(?:sleep|delay|wait|pause)\((\d[\d_]*)/g)),
      ...shortOf(text.matchAll(/\b(?:const|let) \w+ = setTimeout\(\w+, (\d[\d_]*)\)/g)),
    ],
  },
];

/** The text without code that is retried until it passes: a short limit there is one attempt. */
const outsideRetries = (text: string): string =>
  text.replaceAll(/^( *)(?:await )?expect\(async \(\) => \{$.*?^\1\}\)\.toPass\(/gms, '');

/** A line that only waits for a fixed time. */
const PAUSE =
  /await (?:(?:sleep|delay|wait|pause|setTimeout)\(\d[\d_]*\)|[\w.]+\.waitForTimeout\([^)]*\)|new Promise(?:<\w+>)?\(\((\w+)\) => setTimeout\(\1, \d[\d_]*\)\))/;
const LOOP = /^\s*(?:while|for|do)\b/;

/** Pauses that aren't inside a loop that ends on a condition. */
function pausesOf(text: string): string[] {
  const lines = text.split('\n');
  const indent = (line: string) => line.search(/\S/);
  return lines.filter((line, i) => {
    if (!PAUSE.test(line) || LOOP.test(line)) return false;
    let depth = indent(line);
    for (const before of lines.slice(0, i).reverse()) {
      const at = indent(before);
      if (at < 0 || at >= depth) continue;
      if (LOOP.test(before)) return false;
      if (/=>\s*\{$|^\s*(?:async )?function\b/.test(before)) return true;
      depth = at;
    }
    return true;
  });
}

/** Matches that decide nothing: file → why. */
const ANSWERED: Readonly<Record<string, string>> = {
  'test/steady.test.ts': 'names what it looks for',
  'electron/host-browser/ending.test.ts': 'timers of one process, which end in the order of their times',
  'test/bench/sync.ts': 'a benchmark',
  'test/bench/walkups.ts': 'a benchmark',
  'test/faults/kiosk-end.ts': 'says whether a report is of just now; where none is, the fault is tried again',
  'test/faults/run.ts': 'looks for a moment with work in flight; where none comes, the fault is tried again',
  'test/hosts/chromium-keys.spec.ts':
    'how long a finger rests is the gesture; what a page does later is seen at its next try',
  'test/hosts/socket-handover.test.ts': 'makes a packet of its own, and is right without it',
  'test/hosts/support/electron-app.ts': 'lets a fake app start; what has to come of it is polled for',
  'test/hosts/support/test-core.ts': 'a check of a PIN that takes a while, whichever',
  'test/policy/interleave.ts': 'lets the second work queue up at the one connection, which keeps their order',
  'test/soak/run.ts': 'how long people stay away from the camera, as they do',
  'sync/edge/engine.test.ts': 'longer than the work that it lets go on, and right without it',
  'test/e2e/start-ends.test.ts': 'moments at which a signal comes: all has to end at any of them',
  'test/sync/changes/people.test.ts': 'lets the clock go on',
  'test/sync/mqtt-broker.test.ts': 'a moment at which the broker is killed: nothing may be lost at any of them',
  'test/sync/postgres.test.ts': 'the length of a job, whichever it is',
  'test/sync/replicas.test.ts': 'a moment at which a server is killed: nothing may be lost at any of them',
};

const faultsOf = (text: string) =>
  RULES.flatMap(({ what, found }) => found(text).map((one) => `${one.replaceAll(/\s+/g, ' ')}: ${what}`));

test('no test depends on the clock, on unseeded chance, or on a guessed port', () => {
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
  ['test(async () => {\n  await sleep(2100); // what comes sooner is the same wish\n  end();\n});', 1],
  ['test(async () => {\n  if (x) {\n    await new Promise((done) => setTimeout(done, 1_500));\n  }\n});', 1],
  ['const timer = setTimeout(finish, 150);', 1],
  ['await Promise.race([new Promise((done) => socket.on("close", done)), sleep(1500)]);', 1],
  ['test(async () => {\n  while (!done()) {\n    if (late) throw x;\n    await sleep(100);\n  }\n});', 0],
  ['while (met < 2) await sleep(5);', 0],
  ['await expect(result).toBeVisible({ timeout: 4_000 });', 1],
  ['await expect.poll(answers, { timeout: 60_000 }).toBe(2);', 0],
  [
    'await expect(async () => {\n  await expect(row).toBeVisible({ timeout: 500 });\n}).toPass({ timeout: 90_000 });',
    0,
  ],
  ['test(async () => {\n  await one();\n}, 30_000);', 1],
  ['await vi.waitFor(() => expect(lines()).toHaveLength(2));', 1],
  ['await vi.waitFor(() => expect(lines()).toHaveLength(2), 60_000);', 0],
  ['await vi.waitUntil(ended);', 1],
  ['const end = Date.now() + 20_000;', 1],
  ['const end = performance.now() + 2000;', 1],
  ['const end = Date.now() + 60_000;', 0],
  ['const claimed = new Date(Date.now() + 10);', 0],
  ['const later = () => Date.now() + 2 * 86_400_000;', 0],
  ['while (!done() && performance.now() - since < 15_000) await sleep(50);', 1],
  ['while (!done() && Date.now() < end) await sleep(50);', 0],
  ['await source.open(target, { signal: AbortSignal.timeout(20_000) });', 1],
  ['await source.open(target, { signal: AbortSignal.timeout(60_000) });', 0],
  ['await page.waitForTimeout(2_500);', 1],
  ['while (!(await until())) await page.waitForTimeout(50);', 0],
  ['await new Promise((done) => server.listen(0, done));\nreturn { port, close: () => server.close() };', 0],
  ['expect(answer.status).toBeLessThan(300);', 0],
])('the patterns find what they should: %s', (text, count) => {
  expect(faultsOf(text)).toHaveLength(count);
});
