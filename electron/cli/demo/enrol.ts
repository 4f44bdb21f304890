import { qualityScore } from '../../../models/rules/quality.ts';
import { consentText } from '../../../sync/protocol/consent-texts.ts';
import { encodePhoto } from '../../core/checkin/photo.ts';
import { enrolPerson } from '../../core/enrolment/service.ts';
import type { OpenKiosk } from '../../core/open-kiosk.ts';
import { photoDaysShown } from '../../core/site/config.ts';
import type { NewTemplate } from '../../core/store/interface.ts';
import { readPicture } from './footage.ts';
import { demoPeople } from './people.ts';

/** Enrols the demo people from pictures that the camera clip does not show. People already enrolled are left unchanged. */
export async function enrolDemoPeople(kiosk: OpenKiosk): Promise<number> {
  const missing = demoPeople().filter((person) => !kiosk.store.people.byNumber(person.number));
  if (missing.length === 0) return 0;
  const { pipeline, recogniser } = await kiosk.faces();
  for (const { name, number, language, pictures } of missing) {
    const templates: NewTemplate[] = [];
    let photo: Uint8Array | null = null;
    for (const picture of pictures) {
      const image = await readPicture(picture);
      const [face] = await pipeline.detect(image);
      if (!face) continue;
      const shape = await pipeline.shape(image, face.box);
      templates.push({
        pose: 'photo',
        model: recogniser.model,
        embedding: await recogniser.embed(image, shape, { mirrored: true }),
        quality: qualityScore(shape.quality),
      });
      photo ??= await encodePhoto(image);
    }
    const { version } = consentText(language, kiosk.site.privacy, photoDaysShown(kiosk.site));
    await enrolPerson(
      { store: kiosk.store, recogniser, changed: () => undefined },
      {
        name,
        number,
        pinHash: null,
        language,
        consent: { textVersion: `${version} (demo)`, language },
        templates,
        photo,
      },
    );
  }
  return missing.length;
}
