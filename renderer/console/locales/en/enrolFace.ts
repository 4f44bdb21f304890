import type { Sentences } from '../../../shared/i18n.ts';

export const enrolFace = {
  title: 'Enrol {{name}}',
  lead: 'A template is made on the server from a few pictures. Nothing is made without a consent on record.',
  back: 'Back to the person',
  way: 'Where the pictures come from',
  camera: 'This machine’s camera',
  photo: 'Photo files',
  files: 'Up to six photos of this person',
  pictures: 'Pictures taken',
  picture: 'Picture {{number}}',
  pose: {
    front: 'Look straight into the camera',
    left: 'Turn the head a little to your left',
    right: 'Turn the head a little to your right',
  },
  complete: 'That is all. Save it.',
  noCamera: 'There is no camera, or the browser was not allowed to use it. Take photo files instead.',
  again: 'Begin anew',
  save: 'Make the template',
  refused: 'No picture is good enough. Under each stands why.',
  enrolled_one: 'Enrolled: {{count}} template.',
  enrolled_other: 'Enrolled: {{count}} templates.',
} satisfies Sentences;
