import type { Command } from '@commander-js/extra-typings';
import { addEmbedders } from '../../../models/node/add-embedder.ts';
import { ownEmbedders } from '../../core/open-kiosk.ts';
import { makeOwnFolder } from '../../core/own-folder.ts';
import { kioskHome } from '../../core/paths.ts';

const HELP = `
The folder contains ONNX files and embedders.json (docs/operate/embedders.md). Each embedder is loaded and run once before
anything is written. Prints one ID per line.`;

/** `models add` of a kiosk's own command line: into its data, which stay when its build is replaced. */
export function registerKioskModels(program: Command): void {
  add(program.command('models').description('Embedders that this kiosk may recognise by.'), toKiosk);
}

/** @param place of the embedders; where it can be one or the other, `kiosk` says that the kiosk's is meant */
export function add(models: Command, place: (kiosk: boolean) => string | Promise<string>, both = false): void {
  const command = models
    .command('add')
    .description('Add another embedder from a folder with its file and entry.')
    .argument('<folder>')
    .addHelpText('after', HELP);
  if (both) command.option('--kiosk', 'add it to this machine’s kiosk instead of its server');
  command.action(async (folder, o: { kiosk?: boolean }) => {
    for (const id of await addEmbedders(folder, await place(o.kiosk ?? false))) process.stdout.write(`${id}\n`);
  });
}

/** Among the kiosk's data. */
export function toKiosk(): string {
  const folder = ownEmbedders(kioskHome());
  makeOwnFolder(folder);
  return folder;
}
