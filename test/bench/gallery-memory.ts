import { createInterface } from 'node:readline';
import { ExactGallery } from '../../models/node/gallery/gallery.ts';
import { syntheticPeople } from './embeddings.ts';

/**
 * A process whose memory the gallery's bench measures. Prints `empty`, waits for a line, fills a gallery with the given number of
 * templates, prints `full`, and waits to be stopped.
 */
const templates = Number(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
/** Only a few rows, added repeatedly, since generating rows takes more memory than storing them. */
const { rows } = syntheticPeople(300, 0, 1);
const row = (n: number) => rows.subarray((n % 300) * 512, ((n % 300) + 1) * 512);
const gallery = new ExactGallery();
process.stdout.write('empty\n');
await lines.next();
for (let n = 0; n < templates; n++) {
  // Ids as in the store, 36 characters long.
  const id = (kind: number, of: number) => `${kind}0000000-0000-7000-8000-${String(of).padStart(12, '0')}`;
  gallery.add(id(1, n), id(2, Math.floor(n / 3)), row(n));
}
gallery.search(row(0));
process.stdout.write('full\n');
await lines.next();
