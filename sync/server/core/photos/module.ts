import type { WireEvent } from '../../../protocol/wire/event.ts';
import { PhotoAddress } from '../../../protocol/wire/photos.ts';
import { insertNew } from '../../platform/database/rows.ts';
import type { Batch } from '../../platform/events.ts';
import { type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';

const KINDS = { checkin: 'checkin', person: 'enrolment' } as const;

/**
 * Records the photos that a device's events name, except those of erased people. No others are accepted, and each only from
 * that device. Runs inside the ingest's transaction.
 */
async function expectPhotos({ tx, device, people, now }: Batch, events: readonly WireEvent[]): Promise<void> {
  const rows = events.flatMap(({ header, personal }) => {
    const kind = KINDS[header.type as keyof typeof KINDS];
    const address = PhotoAddress.safeParse(personal.photo?.value).data;
    const person = personal.person?.value;
    if (!kind || !address || typeof person !== 'string' || people.get(person)?.erased) return [];
    return [{ address, device, event: header.id, person, kind, expected_at: now, total: null, complete_at: null }];
  });
  await insertNew(tx, 'photo', rows);
}

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
    photo_object: {
      notPersonal:
        'says where the copy of a photo is in the object store; the photo itself is shown, and its rule deletes this row too',
    },
  },
};
