import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { call } from '../kit/client.ts';
import { ensureBuilt } from '../kit/ensure-built.ts';
import { newServer } from '../kit/server.ts';

test('assets are sent compressed to browsers that accept it, and uncompressed to others', async () => {
  await ensureBuilt(() => undefined);
  await using server = await newServer();
  const { body: page } = await call(`${server.peopleUrl}/console/`);
  const [path] = /assets\/console-[\w-]+\.js/.exec(page)!;
  const sent = async (encoding: string) => {
    const { headers } = await call(`${server.peopleUrl}/${path}`, { headers: { 'accept-encoding': encoding } });
    expect(headers).toMatchObject({ vary: 'accept-encoding', 'content-type': expect.stringContaining('javascript') });
    return { by: headers['content-encoding'], bytes: Number(headers['content-length']) };
  };
  const [small, whole] = [await sent('gzip, deflate, br'), await sent('identity')];
  expect([small.by, whole.by]).toEqual(['br', undefined]);
  expect(small.bytes).toBeLessThan(whole.bytes / 3);
  const built = join(import.meta.dirname, '../../dist/renderer/assets');
  const compressed = readdirSync(built).filter((file) => file.endsWith('.br'));
  expect(compressed.length).toBeGreaterThan(10);
  for (const file of compressed)
    expect(
      brotliDecompressSync(readFileSync(join(built, file))).equals(readFileSync(join(built, file.slice(0, -3)))),
      file,
    ).toBe(true);
});
