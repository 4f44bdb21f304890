import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { prepareModels } from '../../../build/models/prepare.ts';
import { openPipeline } from '../../../models/node/pipeline.ts';
import { type EmbedLine, embedFiles, filesOf, writeLine } from './embed.ts';

const EMBED_HELP = `
Each file gives one line of JSON, in the order of the input:
  {"file","faces":[{"box":[x,y,w,h],"quality":{…},"embedding":"…"}]}   largest face first; [] when there is none
  {"file","error":{"code","message"}}                                  when the file can't be used
The embedding is 512 little-endian float32 in base64, of length one; boxes are pixels of the upright picture.
Quality is reported, not enforced. Any number of files runs in bounded memory.

Codes: file-not-found, not-a-file, file-not-readable, empty-file, file-too-large, picture-not-decodable,
picture-too-large, picture-too-small.

Exit code: 0 every file got a line (some may hold errors); 1 the weights are missing or altered; 2 wrong usage.`;

/** Adds `faces` with its commands that need no store; gives it back so that others can add theirs. */
export function registerFaces(program: Command): Command {
  const faces =
    program.commands.find((c) => c.name() === 'faces') ?? program.command('faces').description('pictures of faces');
  faces
    .command('embed')
    .description('find the faces of pictures and print their embeddings')
    .argument('[files...]', 'picture files; - reads names from standard input, one a line')
    .option('--json', 'one line of JSON a file')
    .option('--files-from <list>', 'read further names from this file, one a line (- for standard input)')
    .addHelpText('after', EMBED_HELP)
    .action(async (files: string[], options: { json?: boolean; filesFrom?: string }) => {
      const list = options.filesFrom;
      if (files.length === 0 && list === undefined)
        faces.error('error: name at least one file, or --files-from', { exitCode: 2 });
      if (list !== undefined && list !== '-' && !existsSync(list))
        faces.error(`error: ${list} does not exist`, { exitCode: 2 });
      await withPipeline(async (pipeline) => {
        for await (const line of embedFiles(pipeline, filesOf(files, list, process.stdin))) {
          await writeLine(process.stdout, options.json ? JSON.stringify(line) : inWords(line));
        }
      });
    });
  return faces;
}

/** Prepares the weights if need be, and closes the pipeline whatever happens. */
async function withPipeline(
  work: (pipeline: Awaited<ReturnType<typeof openPipeline>>) => Promise<void>,
): Promise<void> {
  const { weights } = await prepareModels();
  const pipeline = await openPipeline(weights);
  try {
    await work(pipeline);
  } finally {
    await pipeline.close();
  }
}

function inWords(line: EmbedLine): string {
  if ('error' in line) return `${line.file}: ${line.error.message} (${line.error.code})`;
  if (line.faces.length === 0) return `${line.file}: no face`;
  const sizes = line.faces.map(({ box }) => `${Math.round(box[2])}×${Math.round(box[3])}`);
  return `${line.file}: ${sizes.length} face${sizes.length === 1 ? '' : 's'}, ${sizes.join(', ')} pixels`;
}
