import { resolve } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { prepareModels } from '../../../build/models/prepare.ts';
import { LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import type { CommandOutput } from '../../core/command.ts';
import { identifyFaces, MAX_IDENTIFY_FILES } from '../../core/commands/identify.ts';
import { importPeople } from '../../core/commands/import.ts';
import { kioskHome } from '../../core/paths.ts';
import { EXIT } from '../exit-codes.ts';
import { checkList, filesOf } from '../faces/embed.ts';
import { group, wholeNumber } from '../options.ts';
import { terminalOutput } from '../output.ts';
import type { CommandSession } from '../store-command.ts';
import { onKiosk, openCommands } from '../store-command.ts';

const IMPORT_HELP = `
Each folder belongs to one person and is named after their name, number or ID; an unknown name adds a new person. A
picture outside the folders must be named after someone already on this kiosk.

You vouch that each person has consented; the version is recorded with each. Clear photos are enrolled immediately.
Unclear ones wait, encrypted, for staff at the kiosk (Staff, Photos to review) for 14 days; until then no one is
recognised by them. With --review every photo waits. With --no-consent you vouch for nothing: every photo waits, no
template is made from it, and the person must be enrolled at the kiosk, which asks for their consent.

With --json, one object per line: {"person","photo","review","reason"} for each photo that staff must review (review is
waiting) or has already reviewed (accepted, refused, in-person), {"person","photo","refused","message"} for each
rejected photo, {"person","id","result","templates","waitingPhotos","refusedPhotos"} for each person, where result is
added, extended (new photos of a known person), unchanged, waiting, or refused (with "reason"), and {"total":{…}}.

Why a photo waits: several-faces, duplicate-face (the face of someone already enrolled), poor quality (too-far, too-dark,
too-bright, low-contrast, turned, tilted, blurred, occluded), person-unknown (a picture outside the folders whose name
matches no one), person-unclear (several people have that name), consent-missing (--no-consent), consent-unclear (this
person is on the kiosk without a face and may have declined it: ask them), asked (--review).
Why a photo is rejected: no-face, another-person (unlike the person's other photos; with --review it waits), or an error
code of faces embed. Why a person is rejected: no-photos, no-usable-photo, name-not-usable, folder-not-readable. At most
10 photos are kept per person.

Exit code: 0 everything was enrolled or waits for staff; 1 a photo or a person was rejected; 2 wrong usage, or no such
folder; 3 the kiosk's store can't be opened or reached.`;

const IDENTIFY_HELP = `
Each file gives one line of JSON, in input order:
  {"file","person":{"id","name"}|null,"score","second","threshold","gallery","reason"}
  {"file","error":{"code","message"}}     when the file can't be used; codes as in faces embed
score is the cosine of the best match, second that of the next person (null if there is none), threshold the one
applied, gallery the number of people searched. reason is accept, or why person is null: uncertain (near the threshold,
or two people are too similar), unknown, no-face, too-many-people (more people than the site is calibrated for: the kiosk
would ask for a number or badge first). --calibrated-people overrides the site's number for this run.

Exit code: 0 every file got a line (some may hold errors); 1 the weights are missing or altered; 2 wrong usage;
3 the kiosk's store can't be opened or reached.`;

/** `people import` and `faces identify`: commands that need both people and models. */
export function registerPeople(program: Command): void {
  const people = program.command('people').description('Import people on this kiosk.');
  people
    .command('import')
    .description('Enrol people from photos: one folder per person, named after the person. Safe to run again.')
    .argument('<folder>', 'contains one folder per person')
    .option('--consent <version>', 'version of the consent text these people signed', 'asserted-at-import')
    .option('--no-consent', 'no one has consented yet: photos wait, and each person is enrolled at the kiosk')
    .option('--review', 'have staff review every photo before anyone is enrolled')
    .option('--language <code>', `language of these people: ${LANGUAGES.join(', ')}`, 'en')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', IMPORT_HELP)
    .action(async (folder, options) => {
      await prepareModels({ runs: 'node' });
      const consent = options.consent === false ? null : options.consent;
      process.stderr.write(
        consent === null
          ? 'No consent is recorded: every photo waits for staff, and no one is enrolled yet.\n'
          : `Consent is recorded for each person as "${consent}", as you have stated.\n`,
      );
      const { language, review = false, json } = options;
      const args = { folder: resolve(folder), consent, language, review };
      await onKiosk(importPeople, args, json, describeImport);
    });

  const faces = group(program, 'faces');
  faces
    .command('identify')
    .description('Show who the kiosk would recognise in each picture, by its largest face.')
    .argument('[files...]', 'picture files; - reads file names from standard input, one per line')
    .option('--json', 'one line of JSON per file')
    .option('--files-from <list>', 'read more file names from this file, one per line (- for standard input)')
    .option(
      '--calibrated-people <n>',
      'gallery size to treat as calibrated in this run (default: the site’s)',
      wholeNumber(1, 10_000_000),
    )
    .addHelpText('after', IDENTIFY_HELP)
    .action(async (files, options) => {
      const list = options.filesFrom;
      if (files.length === 0 && list === undefined)
        faces.error('error: name at least one file, or --files-from', { exitCode: EXIT.usage });
      if (list !== undefined) checkList(list);
      const { calibratedPeople = null } = options;
      await prepareModels({ runs: 'node' });
      const output = terminalOutput(options.json ?? false, describeIdentity);
      const session = await openCommands(kioskHome());
      try {
        const total = await countOf(files, list);
        const named = filesOf(files, list, process.stdin);
        process.exitCode = await identifyAll(session, named, { calibratedPeople, total }, output);
      } finally {
        output.end();
        await session.close();
      }
    });
}

/** Returns the number of names; null if some come from standard input. */
async function countOf(files: readonly string[], list: string | undefined): Promise<number | null> {
  if (list === '-' || files.includes('-')) return null;
  let count = 0;
  for await (const _name of filesOf(files, list, process.stdin)) count++;
  return count;
}

type Line = Record<string, unknown>;

function describeImport(value: unknown): string | null {
  const line = value as Line;
  if (line.total) {
    const t = line.total as Record<string, number>;
    return `${t.people} people: ${t.added} added, ${t.extended} extended, ${t.unchanged} unchanged, ${t.waiting} waiting, ${t.refusedPeople} refused. ${t.photos} photos, ${t.waitingPhotos} waiting for staff at the kiosk, ${t.refusedPhotos} refused.`;
  }
  if (line.review === 'waiting')
    return `  ${line.person}/${line.photo}: waiting for staff${line.reason ? `, ${line.reason}` : ''}`;
  if (line.review) return `  ${line.person}/${line.photo}: already decided by staff, ${line.review}`;
  if (line.refused) return `  ${line.person}/${line.photo}: refused, ${line.refused}: ${line.message}`;
  if (line.result === 'refused') return `${line.person}: refused, ${line.reason}`;
  return `${line.person}: ${line.result}, ${line.templates} ${line.templates === 1 ? 'template' : 'templates'}`;
}

function describeIdentity(value: unknown): string {
  const line = value as Line & {
    person?: { name: string } | null;
    error?: { code: string; message: string };
    score?: number | null;
  };
  if (line.error) return `${line.file}: ${line.error.code}: ${line.error.message}`;
  const who = line.person ? line.person.name : `nobody (${line.reason})`;
  return `${line.file}: ${who}${typeof line.score === 'number' ? `, score ${line.score.toFixed(3)}` : ''}`;
}

/**
 * Runs `faces identify` over any number of files in batches: memory holds the names of one batch, and each request to a
 * running core is short.
 * @param total number of files, for progress; null if unknown
 * @returns the worst exit code
 */
async function identifyAll(
  session: CommandSession,
  files: AsyncIterable<string>,
  options: { calibratedPeople: number | null; total: number | null },
  output: CommandOutput,
): Promise<number> {
  let exit: number = EXIT.ok;
  let before = 0;
  let piece: string[] = [];
  const run = async () => {
    const pictures = piece.map((name) => ({ path: resolve(name), name }));
    const code = await session.run(
      identifyFaces,
      { files: pictures, calibratedPeople: options.calibratedPeople },
      {
        line: (value) => output.line(value),
        progress(done, _ofPiece, what) {
          if (options.total !== null) output.progress(before + done, options.total, what);
        },
      },
    );
    exit = Math.max(exit, code);
    before += piece.length;
    piece = [];
  };
  for await (const file of files) {
    piece.push(file);
    if (piece.length === MAX_IDENTIFY_FILES) await run();
  }
  if (piece.length > 0) await run();
  return exit;
}
