import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import { UPDATES_PATH } from '../../../../protocol/wire/release.ts';
import type { Listener } from '../../../platform/http/listener.ts';
import { openRepositoryFile, readRange } from './repository.ts';

export const UPDATES_ROUTE = `${UPDATES_PATH}/*`;
const Params = z.strictObject({ '*': z.string().max(1000) });

/** Most concurrent downloads, in total and per kiosk. */
const AT_ONCE = 24;
const OF_ONE = 2;

/** Counts the downloads in progress. A kiosk over the limit retries later. */
export class Downloads {
  readonly #of = new Map<string, number>();
  #all = 0;

  /** @returns a function to call when the download has ended. @throws Problem `too-many-downloads` */
  begin(device: string): () => void {
    const mine = this.#of.get(device) ?? 0;
    if (this.#all >= AT_ONCE || mine >= OF_ONE) throw new Problem('too-many-downloads', { seconds: 20 });
    this.#all += 1;
    this.#of.set(device, mine + 1);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#all -= 1;
      const left = (this.#of.get(device) ?? 1) - 1;
      if (left > 0) this.#of.set(device, left);
      else this.#of.delete(device);
    };
  }
}

/**
 * Registers `GET /updates/*` on the devices listener. It serves the files of the TUF repository, also in part, to continue
 * downloads. The listener has authenticated the caller. The kiosk trusts no file before TUF has verified it.
 *
 * @param folder of the repository; null if none is configured
 */
export function registerUpdates(app: Listener, folder: string | null): void {
  app.get(UPDATES_ROUTE, { exposeHeadRoute: false }, async (request, reply) => {
    if (folder === null) throw new Problem('updates-not-configured');
    return give(request, reply, folder, Params.parse(request.params)['*']);
  });
}

async function give(request: FastifyRequest, reply: FastifyReply, folder: string, path: string): Promise<FastifyReply> {
  const file = await openRepositoryFile(folder, path);
  if (!file) throw new Problem('not-found');
  const { handle, size, kind } = file;
  try {
    const range = readRange(request.headers.range, size);
    if (range === 'unsatisfiable') {
      await handle.close();
      return await reply.code(416).header('content-range', `bytes */${size}`).send();
    }
    const { from, to } = range ?? { from: 0, to: size - 1 };
    reply
      .type(kind === 'metadata' ? 'application/json' : 'application/octet-stream')
      .header('accept-ranges', 'bytes')
      .header('cache-control', kind === 'metadata' ? 'no-store' : 'private, immutable')
      .header('content-length', to - from + 1);
    if (range) reply.code(206).header('content-range', `bytes ${from}-${to}/${size}`);
    if (size === 0) {
      await handle.close();
      return await reply.send('');
    }
    // The stream closes the file, also if the kiosk disconnects.
    return await reply.send(handle.createReadStream({ start: from, end: to }));
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}
