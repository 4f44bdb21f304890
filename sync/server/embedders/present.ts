import type { FacePipeline } from '../../../models/node/interface.ts';
import { EMBEDDER_ID } from '../../../models/rules/manifest.ts';
import type { Services } from '../access/route.ts';
import type { Db } from '../database/schema.ts';
import { sharedPipeline } from '../enrolment/faces.ts';

/** The embedder that new templates are made with: the one that kiosks were switched to last, else the one that ships. */
export async function presentEmbedder(db: Db): Promise<string> {
  const row = await db
    .selectFrom('model_migration')
    .select('to_model')
    .where('state', 'in', ['switched', 'done'])
    .orderBy('made_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.to_model ?? EMBEDDER_ID;
}

/** Outside of any transaction. @throws ModelProblem as `sharedPipeline` */
export const presentPipeline = async ({ db, config }: Pick<Services, 'db' | 'config'>): Promise<FacePipeline> =>
  sharedPipeline(config.weights, await presentEmbedder(db));
