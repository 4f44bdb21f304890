import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MAX_PIECE_BYTES, PhotoAddress, PieceQuery, photoPath } from '../../../protocol/wire/photos.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Listener } from '../../platform/http/listener.ts';
import { photoState, takePiece } from './store.ts';

export const PHOTO_PATH = photoPath(':address');
const Params = z.strictObject({ address: PhotoAddress });
const Body = z.instanceof(Uint8Array);

/**
 * Registers `GET` and `PUT /v1/photos/:address` on the devices listener; see sync/protocol/wire/photos.ts.
 *
 * @param exclusive runs the work when it is the requesting device's turn, with its id
 */
export function registerPhotos(
  app: Listener,
  o: { readonly db: Db; readonly now: () => Date },
  exclusive: <T>(request: FastifyRequest, work: (device: string) => Promise<T>) => Promise<T>,
): void {
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.get(PHOTO_PATH, (request) =>
    exclusive(request, (device) => photoState(o.db, device, Params.parse(request.params).address)),
  );
  app.put(PHOTO_PATH, { bodyLimit: MAX_PIECE_BYTES }, (request) => {
    const { address } = Params.parse(request.params);
    const place = PieceQuery.parse(request.query);
    const body = Body.parse(request.body);
    return exclusive(request, (device) => takePiece(o.db, device, address, place, body, o.now()));
  });
}
