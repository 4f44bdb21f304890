import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../sync/errors/problem.ts';
import { isReadableName } from '../../../sync/protocol/wire/name.ts';

/** Longest name of a person, as in the contract with the screens. */
const MAX_NAME = 200;
/** Files among photos that are not photos: hidden files, and files that file managers create. */
const CLUTTER = /^(\.|Thumbs\.db$|desktop\.ini$)/i;

/** Extensions of pictures. Other files may be beside the folders. */
const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|avif|pgm|ppm|bmp)$/i;

export const isPictureName = (name: string): boolean => PICTURE.test(name);

/** A person's folder, or a picture beside the folders. `name` is null if the file name can't be a person's name. */
export interface PersonFolder {
  readonly path: string;
  /** The folder's own name, or the picture's, for reports. */
  readonly folder: string;
  readonly name: string | null;
  /** A single picture: it shows someone known at this kiosk, by number, name or id; else it is unclear who it shows. */
  readonly alone: boolean;
}

/**
 * Returns the people's folders in `root` and the pictures beside them, by name. File names become people's names: composed (NFC;
 * a Mac stores them decomposed), trimmed, without a picture's extension.
 * @throws Problem `folder-not-found`, `not-a-folder`, `folder-not-readable`, `no-people` if it contains neither
 */
export async function personFolders(root: string): Promise<PersonFolder[]> {
  const found: PersonFolder[] = [];
  for (const entry of await entriesOf(root)) {
    const path = join(root, entry.name);
    if (CLUTTER.test(entry.name)) continue;
    if (await isFolder(entry, path)) found.push({ path, folder: entry.name, name: nameOf(entry.name), alone: false });
    else if (isPictureName(entry.name))
      found.push({ path, folder: entry.name, name: nameOf(entry.name.replace(PICTURE, '')), alone: true });
  }
  if (found.length === 0) throw new Problem('no-people', { root });
  return found;
}

/** Returns paths of a person's photos by name, including symbolic links. Whether they are pictures shows when decoding. */
export async function photoFiles({ path, alone }: Pick<PersonFolder, 'path' | 'alone'>): Promise<string[]> {
  if (alone) return [path];
  const entries = await entriesOf(path);
  return entries.filter((e) => !e.isDirectory() && !CLUTTER.test(e.name)).map((e) => join(path, e.name));
}

function nameOf(folder: string): string | null {
  const name = folder.normalize('NFC').trim();
  return name.length > MAX_NAME || !isReadableName(name) ? null : name;
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  // A broken link is not a folder. Any other problem appears when the folder is read.
  return stat(path).then(
    (about) => about.isDirectory(),
    () => false,
  );
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new Problem('folder-not-found', { folder, cause });
    if (code === 'ENOTDIR') throw new Problem('not-a-folder', { folder, cause });
    throw new Problem('folder-not-readable', { folder, reason: code ?? 'unknown error', cause });
  }
}
