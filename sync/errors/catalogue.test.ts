import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROGRAM } from '../disk/program.ts';
import catalogue from './catalogue.json' with { type: 'json' };
import { Problem, statusOf } from './problem.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENTRIES = Object.entries(catalogue) as [
  string,
  { message: string; next: string; status?: number; params?: Record<string, string | number> },
][];

/** Parameters that the catalogue's texts don't contain: only a screen's own text or the program that gets the error uses them. */
const NOT_SAID: Readonly<Record<string, readonly string[]>> = {
  'duplicate-face': ['name'],
  'import-people-wrong': ['count'],
  locked: ['seconds'],
  'staff-code-needed': ['member', 'name'],
  'staff-pin-choose': ['member', 'name'],
  'too-many-downloads': ['seconds'],
};
/** Texts may start with these lower-case names of programs and files. */
const LOWER_CASE = /^(apt-get|ffmpeg|keyslots\.json|npm|systemd-creds)[ ,]/;

const namesIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);

describe('the catalogue of errors', () => {
  test('says for each code what happened and what to do, in whole sentences', () => {
    const odd = ENTRIES.filter(
      ([code, { message, next }]) =>
        !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(code) ||
        !(/^([A-Z“{]|--)/.test(message) || LOWER_CASE.test(message)) ||
        !/([.!?…)]|\{\w+\})$/.test(message) ||
        !/^([A-Z“]|\{instead\})/.test(next),
    );
    expect(odd.map(([code]) => code)).toEqual([]);
  });

  test('declares the parameters of its texts, and no others', () => {
    for (const [code, { message, next, params = {} }] of ENTRIES)
      expect([code, Object.keys(params).sort()]).toEqual([
        code,
        [...new Set([...namesIn(message), ...namesIn(next), ...(NOT_SAID[code] ?? [])])].sort(),
      ]);
  });

  test('has no unused code', () => {
    const sources = globSync('{electron,models,sync,build}/**/*.ts', {
      cwd: ROOT,
      exclude: (name) => name === 'node_modules',
    })
      .filter((file) => !/\.test\.ts$|^sync\/protocol\/api\//.test(file))
      .map((file) => readFileSync(join(ROOT, file), 'utf8'));
    const named = new Set(sources.flatMap((text) => [...text.matchAll(/'([a-z0-9-]+)'/g)].map(([, code]) => code!)));
    // `${kind.noun}-malformed`
    const made = new Set(
      sources.flatMap((text) => [...text.matchAll(/`([a-z-]*\$\{[\w.]+\}-[a-z-]+)`/g)].map(([, code]) => code!)),
    );
    const patterns = [...made].map((code) => new RegExp(`^${code.replace(/\$\{[\w.]+\}/, '[a-z]+')}$`));
    const unused = ENTRIES.filter(([code]) => !named.has(code) && !patterns.some((pattern) => pattern.test(code)));
    expect(unused.map(([code]) => code)).toEqual([]);
  });
});

describe('a Problem', () => {
  test('has the texts of its code, with parameters filled in and commands as they are called here', () => {
    const cause = new Error('below');
    const problem = new Problem('release-not-signed', { version: 3, role: 'root', have: 1, need: 2, keys: 'a', cause });
    expect(problem).toMatchObject({
      name: 'Problem',
      code: 'release-not-signed',
      message: 'Version 3 of root has 1 of the 2 signatures that it needs.',
      nextStep: `Let the holder of one of these keys run ${PROGRAM.call} release sign --repository FOLDER: a.`,
      params: { version: 3, role: 'root', have: 1, need: 2, keys: 'a' },
      cause,
    });
    expect(new Problem('key-retired')).toMatchObject({
      nextStep: 'Start with the keys of the last rotation.',
      params: {},
    });
  });

  test('repeats a parameter exactly, whatever characters it contains', () => {
    const { message } = new Problem('site-config-wrong', { file: '{reason} $& `smartpresence x`', reason: '{file}' });
    expect(message).toBe('{reason} $& `smartpresence x` can’t be used: {file}');
  });

  test('of a newer peer keeps its code and texts', () => {
    const said = { code: 'of-tomorrow', message: 'It is tomorrow.', nextStep: 'Wait.', params: { days: 1 } };
    expect(Problem.from(said)).toMatchObject({ ...said, name: 'Problem' });
    expect(statusOf('of-tomorrow')).toBeUndefined();
    expect(new Problem('server-refused', { what: 'it', reason: 403 }).withCode('of-tomorrow')).toMatchObject({
      code: 'of-tomorrow',
      message: 'The server refused it (403).',
    });
  });

  test('does not compile with a code or parameter that isn’t in the catalogue', () => {
    const never = () => {
      // @ts-expect-error no such code
      new Problem('of-tomorrow');
      // @ts-expect-error its parameter is missing
      new Problem('rollout-not-so');
      // @ts-expect-error the parameter is called state
      new Problem('rollout-not-so', { status: 'paused' });
      // @ts-expect-error it has no parameter
      new Problem('key-retired', { key: 1 });
      // @ts-expect-error no such code
      return (problem: Problem) => problem.code === 'of-tomorrow';
    };
    expect(never).toBeTypeOf('function');
  });
});
