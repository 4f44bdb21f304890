import './dying-disk.ts';
import { readFileSync } from 'node:fs';
import { openUpdateClient } from '../../../sync/edge/update/client.ts';
import { httpSource } from '../../../sync/edge/update/http-source.ts';

/** A kiosk that looks for updates once and prints the result, if it lives that long. */
const [rootFile, folder, url, now] = process.argv.slice(2) as [string, string, string, string];

const client = await openUpdateClient({
  trustedRoot: readFileSync(rootFile),
  folder,
  sources: [httpSource({ name: 'server', url })],
  now: () => Number(now),
  log: () => undefined,
  running: null,
});
const { versions } = await client.view();
process.stdout.write(`${JSON.stringify(versions)}\n`);
