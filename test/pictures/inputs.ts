import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/* The sources of the pictures in README and docs, so that a test can check whether the pictures show the current screens. */

export const ROOT = join(import.meta.dirname, '../..');
export const IMAGES = join(ROOT, 'docs/images');
/** Written beside the pictures by `npm run pictures`. */
export const MANIFEST = join(IMAGES, 'pictures.json');
export const Manifest = z.strictObject({
  /** Hash of all inputs below, when the pictures were taken. */
  inputs: z.string(),
  /** SHA-256 of each picture. */
  pictures: z.record(z.string(), z.string()),
});

export const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The sources of the screens shown, and of the people on them. Other pages, the server and other languages may change. */
const SOURCES = [
  'renderer/shared/**/*.{ts,tsx,css}',
  'renderer/console/{parts,shell,style}/**/*.{ts,tsx,css}',
  'renderer/console/pages/{home,people}*.tsx',
  'renderer/console/pages/{home,people}/*.tsx',
  'renderer/portal/{shell,parts,pages,style}/**/*.{ts,tsx,css}',
  'renderer/kiosk/{parts,style}/**/*.{ts,tsx,css}',
  'renderer/kiosk/screens/{checkin,result}.tsx',
  'electron/cli/demo/{history,names,people}.ts',
  'test/pictures/run.ts',
];
const SENTENCES = ['shared/web', 'console', 'portal', 'kiosk'].map((part) => `renderer/${part}/locales/en.json`);

/** Returns the hash of those sources and of the English sentences that they name. */
export function inputsHash(): string {
  const files = globSync(SOURCES, { cwd: ROOT }).filter((file) => !/\.test\.ts$/.test(file));
  const texts = new Map(files.toSorted().map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
  const named = new Set(
    [...texts.values()].flatMap((text) => text.match(/[\w-]+(?:\.[\w-]+)*\.?(?=['"`]|\$\{)/g) ?? []),
  );
  const sentences = SENTENCES.flatMap((file) => flat(JSON.parse(readFileSync(join(ROOT, file), 'utf8')), '')).filter(
    ([key]) => {
      const stem = key.replace(/_(?:zero|one|two|few|many|other)$/, '');
      // Matches `t('a.b')`, or the prefix of t(`a.${b}`).
      return named.has(stem) || stem.split('.').some((_, i, parts) => named.has(`${parts.slice(0, i).join('.')}.`));
    },
  );
  return sha256(JSON.stringify([[...texts], sentences]));
}

interface Sentences {
  readonly [key: string]: string | Sentences;
}

const flat = (sentences: Sentences, path: string): [string, string][] =>
  Object.entries(sentences).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[path + key, value]] : flat(value, `${path}${key}.`),
  );
