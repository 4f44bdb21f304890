import { type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { expectPhotos } from './expect.ts';

const PHOTOS = {
  exported: 'photos',
  merged: UNDER_EVERY_NAME,
  erased: 'by the step `objects`, with every version in the object store',
};

export const photos: ServerModule = {
  onEvents: { checkin: expectPhotos, person: expectPhotos },
  tables: {
    photo: PHOTOS,
    photo_piece: PHOTOS,
    photo_object: { notPersonal: 'says where the copy of a photo is in the object store; the photo itself is shown' },
  },
};
