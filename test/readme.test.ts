import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandUnknownOpts as Command } from '@commander-js/extra-typings';
import { expect, test } from 'vitest';
import { FILES_PACKAGES } from '../build/fetch/packages.ts';
import { TOOL_FOLDERS } from '../build/fetch/tools.ts';
import { buildProgram } from '../electron/cli/program.ts';
import { command } from '../sync/disk/program.ts';
import { stepsOf, TASKS } from './installed/pages.ts';
import { faultOfCommand } from './kit/command-line.ts';

/* Compares the README with the repository. That its two commands work is shown by the full run and by test/e2e. */

const root = join(import.meta.dirname, '..');
const program = await buildProgram('');

const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...globSync('docs/**/*.md', { cwd: root }).sort(),
];

/** The files that a page links to, relative to the root. */
const linksOf = (page: string): string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) =>
    join(page, '..', target!),
  );

test.each(PAGES)('every link and picture of %s exists', (page) => {
  expect(linksOf(page).filter((target) => !existsSync(join(root, target)))).toEqual([]);
});

test('the index links every page of the docs, and the index of decisions every decision', () => {
  const pages = (ofDecisions: boolean) =>
    PAGES.filter((page) => /^docs\/.*\//.test(page) && /\/decisions\/\d/.test(page) === ofDecisions);
  const [linked, decisions] = ['docs/README.md', 'docs/develop/decisions/README.md'].map(linksOf);
  expect(pages(false).filter((page) => !linked!.includes(page))).toEqual([]);
  expect(pages(true).filter((page) => !decisions!.includes(page))).toEqual([]);
  expect(pages(true).length).toBeGreaterThan(10);
});

test('the docs link to nothing outside docs, since they ship without the sources', () => {
  const pages = PAGES.filter((page) => page.startsWith('docs/'));
  expect(pages.flatMap(linksOf).filter((target) => !target.startsWith('docs/'))).toEqual([]);
});

/** Every file of the checkout that isn't generated. */
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => existsSync(join(root, file)));
const FOLDERS = [...new Set(FILES.flatMap((file) => file.split('/').slice(0, -1).slice(0, 1)))].join('|');
/** Each file by its name and by every suffix of its path, since pages name files relative to the folder they describe. */
const ENDS = new Set(FILES.flatMap((file) => file.split('/').map((_, i, parts) => parts.slice(i).join('/'))));
/** Paths that are written at run time, or contain a placeholder for a name that the reader chooses. */
const NOT_HERE = /^test\/artefacts\/|^mosquitto\.conf$|NAME|^(?:VERSION|NEXT)\//;

test.each(PAGES)('every source and path that %s names exists', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const sources = [
    ...text.matchAll(/(?<![\w/.@*-])(?:\.\/)?((?:[\w.-]+\/)*[\w-][\w.-]*\.(?:tsx?|cjs|css|sh|conf))\b(?![\w/*-])/g),
  ];
  const paths = [...text.matchAll(new RegExp(`\`((?:${FOLDERS})/[^\`\\s<>{}…$]*)\``, 'g'))];
  const gone = [
    ...sources.map((match) => match[1]!).filter((path) => !ENDS.has(path)),
    ...paths.map((match) => match[1]!).filter((path) => globSync(path, { cwd: root }).length === 0),
  ];
  expect(gone.filter((path) => !NOT_HERE.test(path))).toEqual([]);
});

/** The headings of a page, as links name them after `#`. */
const anchorsOf = (page: string): string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );

test.each(PAGES)('every heading that %s links to exists', (page) => {
  const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#:\s]*)#([^)]+)\)/g)];
  const gone = links.filter(([, file, anchor]) => !anchorsOf(file ? join(page, '..', file) : page).includes(anchor!));
  expect(gone.map(([link]) => link)).toEqual([]);
});

test.each(PAGES.filter((page) => page.startsWith('docs/prove/')))('every test that %s quotes exists', (page) => {
  const quoted = [
    ...readFileSync(join(root, page), 'utf8').matchAll(
      /([\w./-]+\.(?:test|spec)\.ts)`?:? ((?:(?:, |and )?["“][^"”]+["”])+)/g,
    ),
  ];
  const missing = quoted.flatMap(([, file, titles]) => {
    const text = FILES.filter((one) => one.endsWith(`/${file}`) || one === file)
      .map((one) => readFileSync(join(root, one), 'utf8'))
      .join();
    const parts = [...titles!.matchAll(/["“]([^"”]+)["”]/g)].flatMap(([, title]) => title!.split('…'));
    return parts.filter((part) => !text.includes(part.trim())).map((part) => `${file}: ${part}`);
  });
  expect(missing).toEqual([]);
});

test('every docs page and heading named in a file exists', () => {
  const texts = FILES.filter(
    (file) => statSync(join(root, file)).isFile() && !/\.(png|jpe?g|ico|onnx|wasm|gz|zip|mjpeg)$/.test(file),
  );
  const gone = texts.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/(?<![\w./-])(docs\/[\w./-]+?\.md)\b(?:, ["“]([^"”]+)["”])?/g)]
      .filter(
        ([, page, heading]) =>
          !existsSync(join(root, page!)) ||
          (heading && !readFileSync(join(root, page!), 'utf8').match(new RegExp(`^#+ ${heading}`, 'm'))),
      )
      .map(([named]) => `${file}: ${named}`),
  );
  expect(gone).toEqual([]);
});

test.each(TASKS)('every command in the blocks of %s is run by a test, or says why not', (page) => {
  const steps = stepsOf(page); // throws if a block is neither
  expect(steps.filter(({ mark }) => mark !== 'not run').length).toBeGreaterThan(steps.length / 2);
  for (const { place, mark, note } of steps)
    if (mark !== null) expect(note.split(/[ -]/).length, place).toBeGreaterThan(mark === 'not run' ? 5 : 0);
});

test.each(PAGES)('every command that %s names exists', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const ran = [...text.matchAll(/\bnpm run ([a-z][a-z:]*)/g)].map((match) => match[1]!);
  expect(ran.filter((name) => !(name in scripts))).toEqual([]);
  const asked = [
    ...text.matchAll(/`(?:npm run )?(?:sp )?(?:-- )?(?:smartpresence )?([a-z][a-z-]*(?: [^`\n]+)?)`/g),
    ...text.matchAll(/^ *(?:until )?(?:(?:npm run )?sp (?:-- )?|smartpresence )([^>;|\n]+)/gm),
  ];
  expect(asked.map((match) => match[1]!).filter((line) => faultOfCommand(line) !== null)).toEqual([]);
});

test('every command in the README has a help text', () => {
  const table = readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm);
  const commands = [...table]
    .flatMap((row) => [...row[1]!.matchAll(/`([a-z-]+(?: [a-z-]+)?)[^`]*`/g)].map((m) => m[1]!))
    .filter((args) => !args.startsWith('npm '));
  expect(commands.length).toBeGreaterThanOrEqual(8);
  for (const args of commands) {
    const found = args
      .split(' ')
      .reduce<Command | undefined>((at, word) => at?.commands.find((c) => c.name() === word), program);
    expect(found?.helpInformation(), args).toContain(`Usage: ${command(args)}`);
  }
});

test('every package has its reason in docs/develop/dependencies.md', () => {
  const text = readFileSync(join(root, 'docs/develop/dependencies.md'), 'utf8');
  // In `@fastify/cookie`, `-helmet`, a list within one scope gives only the last part of the later names.
  const named = (name: string) => text.includes(name) || text.includes(`\`-${name.split('/')[1]}\``);
  const all = ['.', ...TOOL_FOLDERS].flatMap((folder) => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  });
  all.push(...Object.keys(FILES_PACKAGES));
  const missing = all.filter((name) => !name.startsWith('@types/') && !named(name));
  expect(missing).toEqual([]);
});
