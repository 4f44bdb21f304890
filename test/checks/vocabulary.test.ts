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
};

/** Names of files and folders: here a word alone would be a kind of its own. */
const FILES = new Set([
  ...Object.keys(WORDS),
  'again',
  'gone',
  'figures',
  'lanes',
  'asker',
  'eyes',
  'words',
  'ways',
  'room',
]);

/** A name of another package's: each with where it may stand. */
const ALLOWED: readonly (readonly [name: string, where: RegExp])[] = [
  ['strangers', /^test\/policy\/embedders\.test\.ts$/],
];

const listed = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { encoding: 'utf8' }).split('\n').filter(Boolean);
const wordsOf = (name: string): string[] =>
  name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/).map((part) => part.toLowerCase());
const allowed = (name: string, file: string): boolean =>
  ALLOWED.some(([one, where]) => one === name && where.test(file));

test('no identifier is named by a word that the vocabulary replaces', () => {
  const found: string[] = [];
  for (const file of listed) {
    if (file === 'test/checks/vocabulary.test.ts') continue;
    const text = readFileSync(file, 'utf8');
    if (!Object.keys(WORDS).some((word) => text.toLowerCase().includes(word))) continue;
    const source = ts.createSourceFile(
      file,
      text,
      ts.ScriptTarget.Latest,
      false,
      file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
    );
    const visit = (node: ts.Node): void => {
      if ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && !allowed(node.text, file)) {
        const word = wordsOf(node.text).find((part) => part in WORDS);
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

test('no kind on the wire is named by one, and no table or column', () => {
  const found: string[] = [];
  const check = (file: string, names: readonly string[]) => {
    for (const name of names) if (wordsOf(name).some((part) => FILES.has(part))) found.push(`${file}: ${name}`);
  };
  for (const file of listed.filter((one) => one.startsWith('sync/protocol/wire/') && !one.endsWith('.test.ts'))) {
    const kinds = [
      ...readFileSync(file, 'utf8').matchAll(/(?:kind|what|change|action): z\.(?:literal|enum)\(([^)]*)\)/g),
    ];
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

test('no file or folder is named by one', () => {
  const parts = (file: string) => [...file.split('/').slice(0, -1), basename(file).replace(/\..*$/, '')];
  expect(listed.filter((file) => parts(file).some((part) => FILES.has(part)))).toEqual([]);
});
