import { resolve } from 'node:path';
import type { CommandOutput } from '../../core/command.ts';
import { identifyFaces, MAX_IDENTIFY_FILES } from '../../core/commands/identify.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandSession } from '../store-command.ts';

/**
 * Runs `faces identify` over any number of files, a piece at a time: memory holds the names of one piece, and each
 * request to a running core stays short.
 * @param total how many files there are, for progress; null when nobody knows
 * @returns the worst exit code
 */
export async function identifyAll(
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
