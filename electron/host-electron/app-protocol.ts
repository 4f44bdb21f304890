import { readFile } from 'node:fs/promises';
import type { CoreState } from '../contract/host.ts';
import { SECURITY_HEADERS } from '../core/serving/headers.ts';
import { cacheControl, findStaticFile, type StaticFiles } from '../core/serving/static-files.ts';
import { isOurs } from './policy.ts';

/** Answers a request to `app://kiosk/…` with the same files, headers and limits as the browser host's server. */
export async function answerAppRequest(
  request: Request,
  files: StaticFiles,
  coreState: () => CoreState,
): Promise<Response> {
  if (!isOurs(request.url)) return refuse(404);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405);
  const { pathname } = new URL(request.url);
  if (pathname === '/core-state') {
    return Response.json(coreState(), { headers: { ...SECURITY_HEADERS, 'cache-control': 'no-store' } });
  }
  const file = findStaticFile(files, pathname);
  if (!file) return refuse(404);
  const body = request.method === 'HEAD' ? null : await readFile(file.path);
  return new Response(body, {
    headers: { ...SECURITY_HEADERS, 'cache-control': cacheControl(file), etag: file.etag, 'content-type': file.type },
  });
}

const refuse = (status: number): Response => new Response(null, { status, headers: SECURITY_HEADERS });
