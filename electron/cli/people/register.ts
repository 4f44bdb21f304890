import { resolve } from 'node:path';
import type { Command } from 'commander';
import { identifyFaces } from '../../core/commands/identify.ts';
import { importPeople } from '../../core/commands/import.ts';
import { kioskHome } from '../../core/paths.ts';
import { terminalOutput } from '../output.ts';
import { runStoreCommand } from '../store-command.ts';

/** `people import` and `faces identify`: what needs people and models both. */
export function registerPeople(program: Command): void {
  const people = program.command('people').description('People on this kiosk.');
  people
    .command('import')
    .description('Enrol people from photos: a folder a person, named like the person. Safe to run again.')
    .argument('<folder>', 'holds one folder a person')
    .option('--consent <version>', 'version of the consent text that these people signed', 'asserted-at-import')
    .option('--language <code>', 'their language: en or de', 'en')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nYou vouch that each person has consented; the version is recorded with each. Exit code 1 when photos were refused.',
    )
    .action(async (folder: string, options: { consent: string; language: string; json?: boolean }) => {
      const output = terminalOutput(options.json ?? false, describeImport);
      process.stderr.write(`Consent is recorded for each person as "${options.consent}": you vouch for it.\n`);
      process.exitCode = await runStoreCommand(
        importPeople,
        { folder: resolve(folder), consent: options.consent, language: options.language },
        kioskHome(),
        output,
      ).finally(() => output.end());
    });

  const faces = program.commands.find((c) => c.name() === 'faces') ?? program.command('faces');
  faces
    .command('identify')
    .description('Whom the kiosk would take each picture’s largest face for.')
    .argument('<file...>', 'pictures')
    .option('--json', 'one JSON object a line')
    .action(async (files: string[], options: { json?: boolean }) => {
      const output = terminalOutput(options.json ?? false, describeIdentity);
      process.exitCode = await runStoreCommand(
        identifyFaces,
        { files: files.map((f) => resolve(f)), names: files },
        kioskHome(),
        output,
      ).finally(() => output.end());
    });
}

type Line = Record<string, unknown>;

function describeImport(value: unknown): string | null {
  const line = value as Line;
  if (line.total) {
    const t = line.total as Record<string, number>;
    return `${t.people} people: ${t.added} added, ${t.extended} extended, ${t.unchanged} unchanged, ${t.refusedPeople} refused. ${t.photos} photos, ${t.refusedPhotos} refused.`;
  }
  if (line.refused) return `  ${line.person}/${line.photo}: refused, ${line.refused}: ${line.message}`;
  return `${line.person}: ${line.result}, ${line.templates} templates`;
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
