#!/usr/bin/env node
import { CommanderError } from 'commander';
import { PROGRAM } from '../../sync/disk/program.ts';
import { EXIT } from './exit-codes.ts';
import { buildProgram } from './program.ts';
import { commanderExit, reportProblem } from './report.ts';

// `… | head` closes the pipe early, which is no error, but not everything was printed. A command may be in the middle of
// its work. What it has committed is kept.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.attention);
});

/** The operator's command line: `smartpresence COMMAND`, or `npm run -s sp -- COMMAND` from the sources. */
try {
  await (await buildProgram(process.argv[2] ?? '')).parseAsync();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? commanderExit(error) : reportProblem(PROGRAM.name, error);
}
