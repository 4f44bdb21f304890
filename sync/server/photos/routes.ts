import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MAX_PIECE_BYTES, PhotoAddress, PieceQuery, photoPath } from '../../protocol/wire/photos.ts';
import type { Db } from '../database/schema.ts';
import type { Listener } from '../http/listener.ts';
import { photoState, takePiece } from './store.ts';

const Params = z.strictObject({ address: PhotoAddress });
const Body = z.instanceof(Uint8Array);

/**
 * `GET` and `PUT /v1/photos/:address` on the devices listener; see sync/protocol/wire/photos.ts.
 *
 * @param device who is speaking, asked anew at each request
 */
export function registerPhotos(
  app: Listener,
  o: { readonly db: Db; readonly now: () => Date },
  device: (request: FastifyRequest) => Promise<string>,
): void {
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  const path = photoPath(':address');
  app.get(path, async (request) => photoState(o.db, await device(request), Params.parse(request.params).address));
  app.put(path, { bodyLimit: MAX_PIECE_BYTES }, async (request) => {
    const { address } = Params.parse(request.params);
    const place = PieceQuery.parse(request.query);
    return takePiece(o.db, await device(request), address, place, Body.parse(request.body), o.now());
  });
}
