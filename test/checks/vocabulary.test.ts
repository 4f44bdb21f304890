import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** Words of the project's early dialect that no identifier may hold, each with what to write for it. */
const WORDS: Readonly<Record<string, string>> = {
  told: 'notified, published, known: whichever is meant',
  untell: 'clear',
  refusal: 'error, rejection',
  refusals: 'errors',
  whom: 'affected, subject',
  whoever: 'anyone',
  somebody: 'someone',
  nought: 'zero',
  anew: 're-…',
  negligible: 'subnormal',
  strangers: 'unauthenticated',
  surroundings: 'runtime',
  sighting: 'detection',
  sight: 'recognition',
  looks: 'samples, checks, attempts: whichever is meant',
  words: 'labels, text, arguments: whichever is meant',
  ways: 'check-in methods',
  figures: 'numbers, statistics, metrics',
  lanes: 'queues',
  asker: 'poller',
  rooms: 'areas, capacity',
};

/** Names of files, folders, kinds, columns and keys. Here a single word would be a kind of its own. */
const FILES = new Set([...Object.keys(WORDS), 'again', 'gone', 'eyes', 'begun', 'room']);

/** A name of another package's: each with where it may stand. */
const ALLOWED: readonly (readonly [name: string, where: RegExp])[] = [
  ['strangers', /^test\/policy\/embedders\.test\.ts$/],
];

const listed = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { encoding: 'utf8' }).split('\n').filter(Boolean);
const wordsOf = (name: string): string[] =>
  name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/).map((part) => part.toLowerCase());
const allowed = (name: string, file: string): boolean =>
  ALLOWED.some(([one, where]) => one === name && where.test(file));

test('no identifier contains a word that the vocabulary replaces', () => {
  const found: string[] = [];
  for (const file of listed) {
    if (file === 'test/checks/vocabulary.test.ts') continue;
    const text = readFileSync(file, 'utf8');
    const names = new Set(text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '').match(/[A-Za-z_]\w+/g));
    if (![...names].some((name) => wordsOf(name).some((part) => Object.hasOwn(WORDS, part)))) continue; // parsing is expensive
    const source = ts.createSourceFile(
      file,
      text,
      ts.ScriptTarget.Latest,
      false,
      file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
    );
    const visit = (node: ts.Node): void => {
      if ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && !allowed(node.text, file)) {
        const word = wordsOf(node.text).find((part) => Object.hasOwn(WORDS, part));
        if (word !== undefined) found.push(`${file}: ${node.text} (write ${WORDS[word]})`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  expect([...new Set(found)]).toEqual([]);
});

/** The words that a text holds as names: `removed_at`, `pinCode`. */
const namesIn = (text: string): string[] => [...new Set(text.match(/[A-Za-z_]+/g) ?? [])];

test('no wire kind, table or column contains one', () => {
  const found: string[] = [];
  const check = (file: string, names: readonly string[]) => {
    for (const name of names) if (wordsOf(name).some((part) => FILES.has(part))) found.push(`${file}: ${name}`);
  };
  for (const file of listed.filter((one) => /^sync\/protocol\/(wire|api)\/(?!.*\.test\.ts$)/.test(one))) {
    const kinds = [...readFileSync(file, 'utf8').matchAll(/z\.(?:literal|enum)\(([^)]*)\)/g)];
    check(
      file,
      kinds.flatMap(([, literals]) => namesIn(literals!)),
    );
  }
  const sql = (file: string) => readFileSync(file, 'utf8').replaceAll(/--.*|\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  for (const file of ['electron/core/store/baseline.ts', 'sync/server/platform/database/schema.ts'])
    check(file, namesIn(sql(file)));
  expect(found).toEqual([]);
});

test('no file or folder name contains one', () => {
  const parts = (file: string) => [...file.split('/').slice(0, -1), basename(file).replace(/\..*$/, '')];
  expect(listed.filter((file) => parts(file).some((part) => FILES.has(part)))).toEqual([]);
});

/** The keys of a tree of texts: `settings.methodsText`. */
const keysOf = (tree: object, above = ''): string[] =>
  Object.entries(tree).flatMap(([key, value]) => {
    const path = above ? `${above}.${key}` : key;
    return [path, ...(typeof value === 'object' && value !== null ? keysOf(value, path) : [])];
  });

const tracked = (...patterns: string[]): string[] =>
  execFileSync('git', ['ls-files', ...patterns], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);

test('no error code or text key contains one', () => {
  // `again` on a button is "Try again", and a machine has room for an update.
  const words = [...FILES].filter((word) => word !== 'again' && word !== 'room');
  const codes = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/Problem\(\s*'([a-z0-9-]+)'/g)].map(([, code]) => code!);
  const names = [
    ...tracked('renderer/*/locales/en.json', 'renderer/shared/web/locales/en.json').flatMap((file) =>
      keysOf(JSON.parse(readFileSync(file, 'utf8')) as object).map((key) => [file, key] as const),
    ),
    ...listed
      .filter((file) => !/^test\/|\.test\.ts$/.test(file))
      .flatMap((file) => codes(file).map((code) => [file, code] as const)),
  ];
  expect(names.length).toBeGreaterThan(1000);
  expect(names.filter(([, name]) => wordsOf(name.split('.').at(-1)!).some((part) => words.includes(part)))).toEqual([]);
});

/** What no sentence of ours needs: neither on a screen or page, nor in a comment or a test’s title. */
const DIALECT =
  /\b(?:whoever|whom|somebody|nought|anew|untell|told|refusals?|sightings?|is begun|ways? in stands?|(?:the|other) ways in|other ways|whatever stands|stands in it|looks at (?:a|the|one|his|her) face|not as it must be|an? object a line|a folder a person)\b/i;

test('no page, comment, message or screen uses the early dialect', () => {
  const files = [
    ...listed,
    ...tracked('*.md', '*.sh', '*.service', 'renderer/**/locales/en.json', 'docs/schemas/*.json'),
  ];
  const found = files
    .filter((file) => file !== 'test/checks/vocabulary.test.ts' && file !== 'CHANGELOG.md')
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, i) => (DIALECT.test(line) ? [`${file}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])),
    );
  expect(found).toEqual([]);
});
