import type { Sentences } from '../../../shared/i18n.ts';

export const enrolFace = {
  title: '{{name}} erfassen',
  lead: 'Der Server erstellt aus einigen Bildern eine Gesichtsvorlage. Dafür muss eine Einwilligung vorliegen.',
  back: 'Zurück zur Person',
  source: 'Bildquelle',
  camera: 'Kamera dieses Computers',
  photo: 'Fotodateien',
  files: 'Bis zu sechs Fotos dieser Person',
  pictures: 'Aufgenommene Bilder',
  picture: 'Bild {{number}}',
  pose: {
    front: 'Schauen Sie gerade in die Kamera',
    left: 'Drehen Sie den Kopf leicht nach links',
    right: 'Drehen Sie den Kopf leicht nach rechts',
  },
  complete: 'Alle Bilder sind da. Sie können das Gesicht jetzt erfassen.',
  noCamera: 'Keine Kamera gefunden, oder der Browser darf sie nicht verwenden. Nehmen Sie stattdessen Fotodateien.',
  again: 'Von vorn beginnen',
  save: 'Gesicht erfassen',
  refused: 'Keines der Bilder ist gut genug. Der Grund steht jeweils darunter.',
  enrolled_one: 'Gesicht erfasst: {{count}} Vorlage.',
  enrolled_other: 'Gesicht erfasst: {{count}} Vorlagen.',
} satisfies Sentences;
