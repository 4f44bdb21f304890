import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { IMAGES, inputsHash, MANIFEST, Manifest, sha256 } from './inputs.ts';

const manifest = Manifest.parse(JSON.parse(readFileSync(MANIFEST, 'utf8')));
const RUN = 'run npm run pictures';

test('the pictures of README and docs are of this build’s screens', () => {
  expect(inputsHash(), `a screen that is shown, or who is on it, has changed: ${RUN}`).toBe(manifest.inputs);
});

test('every picture is unaltered, and none is large', () => {
  const pictures = readdirSync(IMAGES).filter((name) => name.endsWith('.png'));
  const hashes = Object.fromEntries(pictures.map((name) => [name, sha256(readFileSync(join(IMAGES, name)))]));
  expect(hashes, `a picture is missing, or is from elsewhere: ${RUN}`).toEqual(manifest.pictures);
  for (const name of pictures) expect([name, statSync(join(IMAGES, name)).size < 200_000]).toEqual([name, true]);
});
