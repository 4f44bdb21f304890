import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import { UPDATES_PATH } from '../../../../protocol/wire/release.ts';
import type { Listener } from '../../../platform/http/listener.ts';
import { openRepositoryFile, readRange } from './repository.ts';

export const UPDATES_ROUTE = `${UPDATES_PATH}/*`;
const Params = z.strictObject({ '*': z.string().max(1000) });

/** Downloads under way at once: of all kiosks, and of one. */
const AT_ONCE = 24;
const OF_ONE = 2;

/** Who is given a file just now. A kiosk that finds no room comes again. */
export class Downloads {
  readonly #of = new Map<string, number>();
  #all = 0;

  /** @returns to be called when it has ended. @throws Problem `too-many-requests` */
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
 * `GET /updates/*` on the devices listener: the TUF repository of builds, file by file, also in part, for a download that
 * goes on. A caller here was let in by the listener. The kiosk trusts none of it before TUF has authenticated it.
 *
 * @param folder of the repository; null: none is configured
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
    // Ends, and closes the file, also when the kiosk hangs up.
    return await reply.send(handle.createReadStream({ start: from, end: to }));
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}
