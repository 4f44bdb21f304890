import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PIN_SENTENCES } from '../../renderer/kiosk/parts/pin-trouble.ts';
import catalogue from '../../sync/errors/catalogue.json' with { type: 'json' };
import type { ErrorCode } from '../../sync/errors/problem.ts';
import { CALL_CODES, ENROLMENT_CODES, METHOD_CODES, START_CODES } from '../../test/kit/codes.ts';

/* The lists of codes that screens have texts for, checked against the sources. */

const ROOT = join(import.meta.dirname, '../..');
/** Where problems are created that a screen's call, or the start of a core, may end with. */
const SOURCES = [
  'electron/core',
  'electron/contract',
  'models/node',
  'electron/host-browser',
  'electron/host-electron',
];
/** Those of the sources that only the command line or the sync's state uses: they bring their own texts. */
const NOT_FOR_SCREENS = [
  'electron/core/command.ts',
  'electron/core/commands/',
  'electron/core/control/',
  'electron/core/fleet/',
  'electron/core/joining/joining.ts',
  'electron/core/leaving/',
  'electron/core/removed-core.ts',
  'electron/core/sync/',
  'electron/core/update/',
  'electron/core/serving/static-files.ts',
  'electron/host-electron/arguments.ts',
  'electron/host-browser/browser-host.ts',
  'electron/host-browser/chromium.ts',
  'electron/host-browser/main.ts',
  'electron/host-browser/runtime-folder.ts',
  'electron/host-browser/update/',
  'models/node/decode.ts',
];
/** Codes only for commands, or caught before they reach a screen; with the reason. */
const INNER: Readonly<Record<string, string>> = {
  'staff-pin-needed': 'the kiosk’s own socket: the command line asks for the PIN then',
  'staff-code-needed': 'the unlock screen asks for the code',
  'staff-pin-choose': 'the unlock screen asks for a PIN of their own',
  'staff-ambiguous': 'staff remove on the command line',
  'face-not-matched': 'becomes another check-in method (checkin/claim.ts)',
  'setup-over': 'the screen was of before the set-up ended, and is replaced by the next status',
  'staff-pin-set': 'the button is there while none is set alone',
  'home-not-usable': 'said in the terminal, before there is a page',
  'rekey-not-started': 'store rekey',
  'time-malformed': 'checkins list',
  'store-exists': 'making a store',
  'type-unknown': 'store check',
  'not-canonical': 'values are parsed by the contract before',
  'template-malformed': 'embeddings are checked by the pipeline before',
  'photo-unknown': 'photos are opened by commands alone',
  'review-full': 'people import',
  'template-already-in-gallery': 'the gallery follows the store',
  'gallery-memory-full': 'the start of a core, which then goes on without faces',
  'embedding-wrong-shape': 'the pipeline makes embeddings',
  'embedding-not-finite': 'the pipeline checks',
  'embedding-not-normalised': 'the pipeline normalises',
};

interface Thrown {
  readonly code: string;
  readonly file: string;
  /** True if it means that we made a mistake: the screen shows only its code. */
  readonly defect: boolean;
}

function thrown(): Thrown[] {
  return SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('.test.'))
      .map((name) => `${folder}/${name}`)
      .flatMap((file) => codesIn(file, readFileSync(join(ROOT, file), 'utf8'))),
  );
}

function codesIn(file: string, text: string): Thrown[] {
  return [...text.matchAll(/new (?:Problem|ModelProblem|RpcError)\(\s*'([a-z0-9-]+)'/g)].map((match) => {
    const rest = text.slice(match.index, match.index + 600).split(/\);|\n\n/)[0]!;
    const code = match[1]!;
    const next = code in catalogue ? catalogue[code as ErrorCode].next : rest;
    return { code, file, defect: /report this as a defect/i.test(next) };
  });
}

const PIN_CODES = Object.keys(PIN_SENTENCES);
const LISTED = new Set<string>([...CALL_CODES, ...START_CODES, ...PIN_CODES, ...ENROLMENT_CODES, ...METHOD_CODES]);

describe('codes that a screen has words for', () => {
  test('are all that a call or a start may end with: no other is thrown where a screen waits', () => {
    const found = thrown().filter(({ file }) => !NOT_FOR_SCREENS.some((place) => file.startsWith(place)));
    expect(found.length).toBeGreaterThan(60);
    const wordless = found.filter(({ code, defect }) => !defect && !LISTED.has(code) && !(code in INNER));
    expect(wordless.map(({ code, file }) => `${code} in ${file}`)).toEqual([]);
  });

  test('are thrown somewhere: none outlives its cause', () => {
    const sources = SOURCES.concat('sync/protocol', 'sync/edge', 'renderer/kiosk').flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.tsx?$/.test(name) && !/\.test\.|locales|codes\.ts$/.test(name))
        .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
    );
    const unused = [...LISTED, ...Object.keys(INNER)].filter((code) => !sources.some((s) => s.includes(`'${code}'`)));
    expect(unused).toEqual([]);
  });
});
