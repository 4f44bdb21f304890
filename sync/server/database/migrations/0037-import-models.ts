import { EMBEDDER_ID } from '../../../../models/rules/manifest.ts';
import { statements } from './statements.ts';

/** Which embedder made the template of an imported picture: until then that of the moment. */
export const importModels = statements([
  `alter table import_photo add column model text`,
  `update import_photo set model = coalesce(
     (select to_model from model_migration where state in ('switched', 'done') order by made_at desc limit 1), '${EMBEDDER_ID}')
   where template is not null`,
]);
