import { z } from 'zod';
import { type Destination, folderDestination } from '../../../build/release/destination.ts';
import { requireApart } from '../../../build/release/workspace.ts';
import { Problem } from '../../../sync/errors/problem.ts';

/** A file of metadata is at most this large. */
const MAX_SMALL = 4 * 1024 * 1024;

export interface OpenedDestination extends Destination {
  close(): void;
}

/**
 * @param to a folder, or `s3://bucket/prefix`
 * @param keys folders of keys, which never lie beside what is published
 * @throws Problem `release-destination-wrong`, `release-keys-beside`, `bad-configuration`
 */
export async function openDestination(to: string, keys: readonly string[]): Promise<OpenedDestination> {
  if (to.startsWith('s3://')) return objectDestination(to);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(to)) throw new Problem('release-destination-wrong', { to });
  for (const folder of keys) requireApart(folder, to);
  return { ...folderDestination(to), close: () => undefined };
}

/** An object store, by the settings of the server's backups but for the bucket. */
async function objectDestination(to: string): Promise<OpenedDestination> {
  const { hostname: bucket, pathname } = new URL(to);
  const prefix = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
  // Loaded when needed: the SDK takes its time.
  const [{ objectIssues, objectSettings, objectVariables }, { openObjectStore }] = await Promise.all([
    import('../../../sync/server/platform/objects/settings.ts'),
    import('../../../sync/server/platform/objects/store.ts'),
  ]);
  const parsed = z.object(objectVariables).safeParse({ ...process.env, S3_BUCKET_NAME: bucket });
  const issues = parsed.success
    ? objectIssues(parsed.data).map((issue) => `${issue.path} ${issue.message}`)
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  const settings = parsed.success && issues.length === 0 ? objectSettings(parsed.data) : null;
  if (!settings) throw new Problem('bad-configuration', { reason: issues.join('; ') });
  const store = openObjectStore(settings);
  const key = (path: string) => (prefix === '' ? path : `${prefix}/${path}`);
  return {
    name: to,
    async read(path) {
      if ((await store.head(key(path))) === null) return null;
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of await store.get(key(path))) {
        size += piece.length;
        if (size > MAX_SMALL) throw new Problem('release-other-repository', { place: `${to}: ${path}` });
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    },
    size: async (path) => (await store.head(key(path)))?.size ?? null,
    async write(path, bytes, length) {
      const contentType = path.endsWith('.json') ? 'application/json' : 'application/octet-stream';
      await store.put(key(path), bytes, { expectedBytes: length, contentType });
    },
    close: () => store.close(),
  };
}
