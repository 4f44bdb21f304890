import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { prepareModels } from '../../../build/models/prepare.ts';
import { readEntries } from '../../../models/node/embedders.ts';
import { openPipeline } from '../../../models/node/pipeline.ts';
import { embedderId } from '../../../models/rules/manifest.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { EXIT } from '../exit-codes.ts';
import { group } from '../options.ts';
import { printable, terminalOutput } from '../output.ts';
import { seeded } from '../seeded.ts';
import { detPlot } from './det-plot.ts';
import { checkList, type EmbedLine, embedFiles, filesOf, writeLine } from './embed.ts';
import { evaluateFolder, type Watch } from './evaluate.ts';
import { evaluationText } from './evaluation-text.ts';
import { readGroups } from './groups.ts';
import { type LivenessLine, tryLiveness } from './liveness.ts';

const EMBED_HELP = `
Each file gives one line of JSON, in input order:
  {"file","faces":[{"box":[x,y,w,h],"quality":{…},"embedding":"…"}]}   largest face first; [] if there is none
  {"file","error":{"code","message"}}                                  when the file can't be used
The embedding is little-endian float32 in base64 (512 of the embedder that ships), of length one; boxes are in pixels of the upright picture.
Quality is reported, not enforced. Memory use doesn't grow with the number of files.

Codes: file-not-found, not-a-file, file-not-readable, empty-file, file-too-large, picture-not-decodable,
picture-too-large, picture-too-small.

Exit code: 0 every file got a line (some may hold errors); 1 the weights are missing or altered; 2 wrong usage.`;

const EVAL_HELP = `
Prints EER, FMR and FNMR at the embedder's own 1:1 threshold, TAR at FAR 1e-2, 1e-3 and 1e-4, rank-1, and FNIR at FPIR 1 %
and 0.1 % by gallery size, each with a 95 % interval if there are ten or more people (bootstrap over people; without an
error, Clopper-Pearson), "not resolved" where fewer than 30 errors could be expected, and the thresholds it would choose. In each picture the largest face counts. A person's first picture, sorted
by name, is the one enrolled.

With --visits each person's folder holds visits: videos, or folders of frames at eight a second. A visit counts by the mean
of its first three frames with a face, the first visit, sorted by name, as an enrolment by four frames and the mirrored face.
1:1 rates compare each visit with every other. An installed build reads only folders of frames. With --groups the rates within each group are
printed too; compare groups by FMR and FNMR, whose threshold is the same for all. The file is CSV with a column person and
one for each way to group people.

Exit code: 0 done; 1 nothing to compare, the plot can't be written, or the weights are missing or altered; 2 wrong usage, or
no such folder.`;

const LIVENESS_HELP = `
Says what the liveness check would have made of footage that was shown to a kiosk as a replay: every challenge of every
strength (2 light, 12 standard, 56 strong), begun every half second. Each file gives one line of JSON, in input order:
  {"file","samples","attempts","passed","reasons":{…},"strengths":{"light":{"attempts","passed"},…}}
  {"file","error":{"code","message"}}                                  when the file can't be used
A folder is the frames of a video in the natural order of their names; an installed build reads only these, since it has no
decoder for videos. Samples are frames with a face; in each the largest counts.

Exit code: 0 every file got a line (some may hold errors); 1 the weights are missing or altered; 2 wrong usage.`;

/** Adds `faces` with the commands that need no store. Returns it so that others can add theirs. */
export function registerFaces(program: Command): Command {
  const faces = group(program, 'faces').description('Detect, embed and compare faces in pictures.');
  faces
    .command('embed')
    .description('Find the faces in pictures and print their embeddings.')
    .argument('[files...]', 'picture files; - reads file names from standard input, one per line')
    .option('--json', 'one line of JSON per file')
    .option('--files-from <list>', 'read more file names from this file, one per line (- for standard input)')
    .addHelpText('after', EMBED_HELP)
    .action(async (files, options) => {
      const list = options.filesFrom;
      if (files.length === 0 && list === undefined)
        faces.error('error: name at least one file, or --files-from', { exitCode: EXIT.usage });
      if (list !== undefined) checkList(list);
      process.stdout.on('error', onClosedPipe);
      await withPipeline(null, async (pipeline) => {
        for await (const line of embedFiles(pipeline, filesOf(files, list, process.stdin))) {
          await writeLine(process.stdout, options.json ? JSON.stringify(line) : printable(asText(line)));
        }
      });
    });
  faces
    .command('eval')
    .description('Measure how well the models tell these people apart: one folder per person.')
    .argument('<folder>', 'contains one folder of pictures per person')
    .option('--visits', 'evaluate visits (videos, or folders of frames) instead of single pictures')
    .option('--groups <file>', 'CSV file that says which groups people belong to')
    .option('--json', 'one JSON object')
    .option('--svg <file>', 'write the DET plot to this file')
    .option(
      '--embedder <folder>',
      'use the embedder in this folder instead of the built-in one (docs/operate/embedders.md)',
    )
    .option('--seed <n>', 'random seed, so that a run can be repeated', '1')
    .addHelpText('after', EVAL_HELP)
    .action(async (folder, options) => {
      const seed = Number(options.seed);
      if (!Number.isInteger(seed)) faces.error('error: --seed takes a whole number', { exitCode: EXIT.usage });
      await withPipeline(options.embedder ?? null, async (pipeline) => {
        const how = {
          visits: options.visits ?? false,
          ...(options.groups !== undefined && { groups: await readGroups(options.groups, folder) }),
        };
        const watch = progressOnStderr();
        const evaluation = await evaluateFolder(pipeline, folder, seeded(seed), watch, how).finally(() => watch.end());
        // First the results, which may have taken hours. Writing the drawing may fail.
        await writeLine(process.stdout, options.json ? JSON.stringify(evaluation) : evaluationText(evaluation));
        if (options.svg)
          await writePlot(options.svg, detPlot(evaluation.verification, `${basename(folder)}, ${evaluation.model}`));
      });
    });
  faces
    .command('liveness')
    .description('Try the liveness check on videos, or on folders of their frames.')
    .argument('<files...>', 'videos, or folders of frames')
    .option('--json', 'one line of JSON per file')
    .option('--fps <n>', 'samples a second; the frames of a folder are so far apart', '15')
    .option('--seed <n>', 'random seed of the waits, so that a run can be repeated', '1')
    .addHelpText('after', LIVENESS_HELP)
    .action(async (files, options) => {
      const [fps, seed] = [Number(options.fps), Number(options.seed)];
      if (!(fps > 0 && fps <= 120)) faces.error('error: --fps takes a number up to 120', { exitCode: EXIT.usage });
      if (!Number.isInteger(seed)) faces.error('error: --seed takes a whole number', { exitCode: EXIT.usage });
      process.stdout.on('error', onClosedPipe);
      await withPipeline(null, async (pipeline) => {
        for (const file of files) {
          const line = await tryLiveness(pipeline, file, fps, seeded(seed));
          await writeLine(process.stdout, options.json ? JSON.stringify(line) : printable(livenessText(line)));
        }
      });
    });
  return faces;
}

async function writePlot(file: string, svg: string): Promise<void> {
  try {
    await writeFile(file, svg);
  } catch (cause) {
    throw new Problem('file-not-writable', { file, cause });
  }
}

/** On a terminal, shows a bar per stage; elsewhere, prints a line for every tenth of a long stage. */
function progressOnStderr(): Watch & { end(): void } {
  let stage = '';
  let output = terminalOutput(true, () => null);
  const watch: Watch = (next, done, total) => {
    if (next !== stage) {
      output.end();
      output = terminalOutput(true, () => null);
      stage = next;
    }
    output.progress(done, total, next);
  };
  return Object.assign(watch, { end: () => output.end() });
}

/** `… | head` closes the pipe early, which is no error, but not all files got their line. */
function onClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.attention);
}

/**
 * Prepares the weights if needed, and always closes the pipeline.
 * @param embedders folder with a single other embedder; null: the one that ships
 */
async function withPipeline(
  embedders: string | null,
  work: (pipeline: Awaited<ReturnType<typeof openPipeline>>) => Promise<void>,
): Promise<void> {
  const { weights } = await prepareModels({ runs: 'node' });
  const pipeline = await (embedders === null
    ? openPipeline(weights)
    : openPipeline(weights, onlyOne(embedders), embedders));
  try {
    await work(pipeline);
  } finally {
    await pipeline.close();
  }
}

/** @throws Problem `embedder-not-single` */
function onlyOne(folder: string): string {
  const [entry, ...more] = readEntries(folder);
  if (!entry || more.length > 0) throw new Problem('embedder-not-single', { folder });
  return embedderId(entry);
}

function livenessText(line: LivenessLine): string {
  if ('error' in line) return `${line.file}: ${line.error.message} (${line.error.code})`;
  const passed = Object.entries(line.strengths).map(([name, of]) => `${name} ${of.passed} of ${of.attempts}`);
  return `${line.file}: ${line.samples} samples; passed: ${passed.join(', ')}`;
}

function asText(line: EmbedLine): string {
  if ('error' in line) return `${line.file}: ${line.error.message} (${line.error.code})`;
  if (line.faces.length === 0) return `${line.file}: no face`;
  const sizes = line.faces.map(({ box }) => `${Math.round(box[2])}×${Math.round(box[3])}`);
  return `${line.file}: ${sizes.length} face${sizes.length === 1 ? '' : 's'}, ${sizes.join(', ')} pixels`;
}
