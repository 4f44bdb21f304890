import { resolve } from 'node:path';
import type { Command } from 'commander';
import { prepareModels } from '../../../build/models/prepare.ts';
import { importPeople } from '../../core/commands/import.ts';
import { kioskHome } from '../../core/paths.ts';
import { LANGUAGES } from '../../core/site/config.ts';
import { EXIT } from '../exit-codes.ts';
import { checkList, filesOf } from '../faces/embed.ts';
import { terminalOutput } from '../output.ts';
import { openCommands, runStoreCommand } from '../store-command.ts';
import { identifyAll } from './identify.ts';

const IMPORT_HELP = `
A folder is one person's, and has their name, number or id; someone of a new name is added. A picture beside the folders
is named like someone who is on this kiosk.

You vouch that each person has consented; the version is recorded with each. What is clear is enrolled at once. What
someone has to judge waits, encrypted, for staff at the kiosk (Staff, Photos to review) for 14 days, and nobody is
recognised by it meanwhile. With --review every picture waits. With --no-consent you vouch for nothing: every picture
waits, no template is made of it, and the person has to be enrolled at the kiosk, which asks them.

With --json, one object a line: {"person","photo","review","reason"} for each photo that staff has to look at (review is
waiting) or has decided about before (accepted, refused, in-person), {"person","photo","refused","message"} for each
photo that was refused, {"person","id","result","templates","waitingPhotos","refusedPhotos"} for each person, where result
is added, extended (new photos of a known person), unchanged, waiting, or refused (with "reason"), and {"total":{…}}.

Photos wait as: several-faces, duplicate-face (belongs to someone who is enrolled), a reason of quality (too-far,
too-dark, too-bright, low-contrast, turned, tilted, blurred, occluded), person-unknown (a picture beside the folders that
is named like nobody), person-unclear (several people have that name), consent-missing (--no-consent), consent-unclear
(someone who is on this kiosk without a face: they may have declined it, so your word does not do), asked (--review).
They are refused as: no-face, another-person (unlike the person's other photos; with --review it waits), or what faces
embed calls a file that can't be read. A person is refused as: no-photos, no-usable-photo, name-not-usable,
folder-not-readable. At most 10 photos of a person are kept.

Exit code: 0 everything was taken or waits for staff, now or before; 1 a photo or a person was refused; 2 wrong usage, or
no such folder; 3 the kiosk's store can't be opened or reached.`;

const IDENTIFY_HELP = `
Each file gives one line of JSON, in the order of the input:
  {"file","person":{"id","name"}|null,"score","second","threshold","gallery","reason"}
  {"file","error":{"code","message"}}     when the file can't be used; codes as in faces embed
score is the best person's cosine, second that of the best other person (null when there is none), threshold the one
applied, gallery the number of people searched. reason: accept, or why person is null: uncertain (near the threshold, or
two people too alike), unknown, no-face, too-many-people (more people than the site is calibrated for; such a kiosk asks
for a number or badge first). --calibrated-people overrides the site's number for this run, to see what the same
decision would be.

Exit code: 0 every file got a line (some may hold errors); 1 the weights are missing or altered; 2 wrong usage;
3 the kiosk's store can't be opened or reached.`;

/** `people import` and `faces identify`: what needs people and models both. */
export function registerPeople(program: Command): void {
  const people = program.command('people').description('people on this kiosk');
  people
    .command('import')
    .description('enrol people from photos: a folder a person, named like the person; safe to run again')
    .argument('<folder>', 'holds one folder a person')
    .option('--consent <version>', 'version of the consent text that these people signed', 'asserted-at-import')
    .option('--no-consent', 'nobody has agreed yet: every picture waits, and each person is enrolled at the kiosk')
    .option('--review', 'staff is to look at every picture before anybody is enrolled')
    .option('--language <code>', `their language: ${LANGUAGES.join(', ')}`, 'en')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', IMPORT_HELP)
    .action(async (folder: string, options: ImportOptions) => {
      await prepareModels({ runs: 'node' });
      const output = terminalOutput(options.json ?? false, describeImport);
      const consent = options.consent === false ? null : options.consent;
      process.stderr.write(
        consent === null
          ? 'Nobody’s consent is vouched for: every picture waits for staff, and nobody is enrolled by it.\n'
          : `Consent is recorded for each person as "${consent}": you vouch for it.\n`,
      );
      process.exitCode = await runStoreCommand(
        importPeople,
        { folder: resolve(folder), consent, language: options.language, review: options.review ?? false },
        kioskHome(),
        output,
      ).finally(() => output.end());
    });

  const faces = program.commands.find((c) => c.name() === 'faces') ?? program.command('faces');
  faces
    .command('identify')
    .description('who the kiosk would take each picture’s largest face for')
    .argument('[files...]', 'picture files; - reads names from standard input, one a line')
    .option('--json', 'one line of JSON a file')
    .option('--files-from <list>', 'read further names from this file, one a line (- for standard input)')
    .option(
      '--calibrated-people <n>',
      'most people that 1:N counts as calibrated for, in this run (default: the site’s)',
    )
    .addHelpText('after', IDENTIFY_HELP)
    .action(async (files: string[], options: IdentifyOptions) => {
      const list = options.filesFrom;
      if (files.length === 0 && list === undefined)
        faces.error('error: name at least one file, or --files-from', { exitCode: EXIT.usage });
      if (list !== undefined) checkList(list);
      const calibratedPeople = options.calibratedPeople === undefined ? null : Number(options.calibratedPeople);
      if (calibratedPeople !== null && !(Number.isSafeInteger(calibratedPeople) && calibratedPeople >= 1))
        faces.error('error: --calibrated-people takes a whole number from 1', { exitCode: EXIT.usage });
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

interface ImportOptions {
  /** False with --no-consent. */
  readonly consent: string | false;
  readonly language: string;
  readonly review?: boolean;
  readonly json?: boolean;
}

interface IdentifyOptions {
  readonly json?: boolean;
  readonly filesFrom?: string;
  readonly calibratedPeople?: string;
}

/** How many names there are; null when some come from standard input. */
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
    return `  ${line.person}/${line.photo}: waits for staff${line.reason ? `, ${line.reason}` : ''}`;
  if (line.review) return `  ${line.person}/${line.photo}: staff decided before, ${line.review}`;
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
