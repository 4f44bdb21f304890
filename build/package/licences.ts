import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/* The words under which what is inside may be passed on. */

const TEXTS = join(import.meta.dirname, 'licences');
const LICENCE_FILE = /^(licen[cs]e|copying|notice|third.?party)/i;

/** Packages whose own folder has no text, and where theirs is: below licences/, or in another package. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  '@mediapipe/face_detection': ['Apache-2.0.txt'],
  '@mediapipe/tasks-vision': ['Apache-2.0.txt'],
  'abstract-logging': ['abstract-logging.txt'],
  'onnxruntime-common': ['onnxruntime.txt'],
  'onnxruntime-node': ['onnxruntime.txt'],
};
const BY_PATTERN: readonly (readonly [RegExp, (root: string, folder: string) => string[]])[] = [
  [/^@aws-sdk\//, () => [join(TEXTS, 'Apache-2.0.txt')]],
  // It stands at the end of their READMEs.
  [/^(pg-types|pgpass)$/, (_root, folder) => [join(folder, 'README.md')]],
  [/^@node-rs\/argon2-/, (root) => [join(root, 'node_modules/@node-rs/argon2/LICENSE')]],
  [
    /^@img\/sharp-libvips-/,
    // The table in its README says what stands under which licence.
    (_root, folder) => [
      join(folder, 'README.md'),
      ...['LGPL-3.0.txt', 'GPL-3.0.txt', 'MPL-1.1.txt', 'libvips-libraries.txt'].map((file) => join(TEXTS, file)),
    ],
  ],
];

/**
 * Licence texts of an installed package.
 *
 * @param folder of the package
 * @throws when there is none: nothing is passed on without its licence
 */
export function licenceTexts(root: string, name: string, folder: string): string[] {
  const own = readdirSync(folder).filter((file) => LICENCE_FILE.test(file));
  const files =
    own.length > 0
      ? own.sort().map((file) => join(folder, file))
      : (ELSEWHERE[name]?.map((file) => join(TEXTS, file)) ??
        BY_PATTERN.find(([pattern]) => pattern.test(name))?.[1](root, folder) ??
        []);
  const texts = files.filter(existsSync).map((file) => readFileSync(file, 'utf8').replaceAll('\r\n', '\n').trim());
  if (texts.length === 0)
    throw new Error(`${name} has no licence text: put one into build/package/licences and name it in licences.ts`);
  return texts;
}
