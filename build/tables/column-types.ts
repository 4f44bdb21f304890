/** Columns of the server's database that hold more than their type there says, and what they are in TypeScript. */
export const COLUMN_TYPES: Readonly<Record<string, string>> = {
  'public.consent_text.paragraphs': 'Json<string[]>',
  'public.import_photo.measured': 'Json<Record<string, number>>',
  'public.rollout.steps': "Json<import('../../../protocol/api/rollouts.ts').RolloutStep[]>",
  'public.rollout_action.detail': 'Json<Record<string, string | number | boolean>>',
  'keyring.rotation.plan': 'Json<{ step: string; rows: number }[]>',
};
