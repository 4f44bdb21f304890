import type { Sentences } from '../../../shared/i18n.ts';

export const enrolFace = {
  title: '{{name}} erfassen',
  lead: 'Der Server macht aus einigen Bildern eine Vorlage. Ohne festgehaltene Einwilligung entsteht nichts.',
  back: 'Zurück zur Person',
  way: 'Woher die Bilder kommen',
  camera: 'Kamera dieses Geräts',
  photo: 'Fotodateien',
  files: 'Bis zu sechs Fotos dieser Person',
  pictures: 'Aufgenommene Bilder',
  picture: 'Bild {{number}}',
  pose: {
    front: 'Gerade in die Kamera schauen',
    left: 'Den Kopf etwas nach links drehen',
    right: 'Den Kopf etwas nach rechts drehen',
  },
  complete: 'Das war alles. Bitte speichern.',
  noCamera: 'Es gibt keine Kamera, oder der Browser darf sie nicht benutzen. Nehmen Sie Fotodateien.',
  again: 'Neu beginnen',
  save: 'Vorlage erstellen',
  refused: 'Kein Bild ist gut genug. Unter jedem steht, warum.',
  enrolled_one: 'Erfasst: {{count}} Vorlage.',
  enrolled_other: 'Erfasst: {{count}} Vorlagen.',
} satisfies Sentences;
