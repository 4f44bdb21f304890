import type { Command } from '@commander-js/extra-typings';
import { addModels } from '../../../models/node/add-models.ts';
import { ownEmbedders } from '../../core/open-kiosk.ts';
import { makeOwnFolder } from '../../core/own-folder.ts';
import { kioskHome } from '../../core/paths.ts';

const HELP = `
The folder contains ONNX files with embedders.json, for a kiosk also passive-liveness.json (docs/operate/embedders.md). Each
model is loaded and run once before anything is written. A kiosk uses it from its next start. Prints one ID per
line.`;

/** `models add` on a kiosk's own command line: adds to its data, which are kept when its build is replaced. */
export function registerKioskModels(program: Command): void {
  add(program.command('models').description('Add embedders and a liveness model of your own.'), toKiosk, 'only');
}

/**
 * @param place returns the folder for the models
 * @param kiosk `only`: always a kiosk's; `option`: a kiosk's with --kiosk
 */
export function add(
  models: Command,
  place: (kiosk: boolean) => string | Promise<string>,
  kiosk: 'only' | 'option',
): void {
  const command = models
    .command('add')
    .description('Add another model from a folder with its file and entry.')
    .argument('<folder>')
    .addHelpText('after', HELP);
  if (kiosk === 'option') command.option('--kiosk', 'add it to this machine’s kiosk instead of its server');
  command.action(async (folder, o: { kiosk?: boolean }) => {
    const isKiosk = kiosk === 'only' || o.kiosk === true;
    for (const id of await addModels(folder, await place(isKiosk), isKiosk)) process.stdout.write(`${id}\n`);
  });
}

/** Returns the folder for models in the kiosk's data. */
export function toKiosk(): string {
  const folder = ownEmbedders(kioskHome());
  makeOwnFolder(folder);
  return folder;
}
