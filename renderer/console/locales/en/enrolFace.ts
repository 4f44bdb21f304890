import type { Sentences } from '../../../shared/i18n.ts';

export const enrolFace = {
  title: 'Enrol {{name}}',
  lead: 'The server creates a face template from a few pictures. This requires a recorded consent.',
  back: 'Back to person',
  source: 'Picture source',
  camera: 'This computer’s camera',
  photo: 'Photo files',
  files: 'Up to six photos of this person',
  pictures: 'Pictures taken',
  picture: 'Picture {{number}}',
  pose: {
    front: 'Look straight at the camera',
    left: 'Turn your head slightly to the left',
    right: 'Turn your head slightly to the right',
  },
  complete: 'All pictures taken. You can enrol the face now.',
  noCamera: 'No camera found, or the browser isn’t allowed to use it. Use photo files instead.',
  again: 'Start over',
  save: 'Enrol face',
  refused: 'None of the pictures is good enough. The reason is shown below each one.',
  enrolled_one: 'Face enrolled: {{count}} template.',
  enrolled_other: 'Face enrolled: {{count}} templates.',
} satisfies Sentences;
