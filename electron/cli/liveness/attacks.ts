/**
 * The attack instruments of a new trial. A species is a kind of instrument made in one way, as counted by ISO/IEC 30107-3.
 * The level is the effort to make one: A an hour and an office, B days, C a workshop (after the FIDO Biometric
 * Requirements).
 */
export interface Species {
  readonly name: string;
  readonly level: 'A' | 'B' | 'C';
  readonly make: string;
  readonly present: string;
}

export const SPECIES: Readonly<Record<string, Species>> = {
  'print-flat': {
    name: 'photo print, flat',
    level: 'A',
    make: 'The face straight ahead, life-size (eyes 6 to 7 cm apart), on matt A4 paper, glued to cardboard.',
    present: 'Turn and tilt it as the screen asks, at the distance of a face.',
  },
  'print-bent': {
    name: 'photo print, bent',
    level: 'A',
    make: 'The same print without cardboard.',
    present: 'Bend it round a bottle or a hand, closer than 12 cm, and turn it as the screen asks.',
  },
  'print-worn': {
    name: 'photo print, worn as a mask',
    level: 'A',
    make: 'The same print with eyes and nostrils cut out, tied in front of someone else’s face.',
    present: 'Do what the screen asks with your own head.',
  },
  'screen-photo': {
    name: 'photo on a screen',
    level: 'A',
    make: 'The same photo on a tablet, life-size, full brightness, reflections turned away.',
    present: 'Turn and tilt the tablet as the screen asks.',
  },
  'screen-video': {
    name: 'video on a screen',
    level: 'B',
    make: 'A video of the head turning left and right and looking up and down, slowly, with rests straight ahead, on a tablet.',
    present: 'Start it anywhere, hold the tablet still, and touch nothing.',
  },
  'screen-video-chosen': {
    name: 'video on a screen, clip chosen',
    level: 'B',
    make: 'A clip of each of the four moves, each beginning and ending without a jump in the same position straight ahead.',
    present: 'Read the prompt and start the matching clip.',
  },
  'mask-paper': {
    name: 'folded paper mask',
    level: 'B',
    make: 'A three-dimensional paper mask made from photos of the face.',
    present: 'Wear it and do what the screen asks.',
  },
  'mask-solid': {
    name: 'silicone or resin mask',
    level: 'C',
    make: 'A mask or a bust of the face, cast or printed in three dimensions and painted.',
    present: 'Wear or turn it as the screen asks.',
  },
};

export const speciesName = (id: string): string => SPECIES[id]?.name ?? id;

/** Returns the attack list for printing: what to make, how to present it, and space for tallies. Markdown. */
export function attackList(): string {
  const rows = Object.entries(SPECIES).map(
    ([id, { name, level, make, present }]) => `| ☐ | \`${id}\` | ${level} | **${name}.** ${make} | ${present} |`,
  );
  return [
    '# Attack list for a trial of the liveness check',
    '',
    'Make instruments only of people who have agreed in writing to be imitated in this trial, and destroy them afterwards.',
    'Bring two or more of each kind, of different people, and wear the clothes of an ordinary day. Level: A an hour and an',
    'office, B days, C a workshop.',
    '',
    '| | id | level | make | present |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'Another instrument takes part under a name of your own: `--attacks print-flat,my-own-name`.',
  ].join('\n');
}
