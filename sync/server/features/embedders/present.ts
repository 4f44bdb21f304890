import type { FacePipeline } from '../../../../models/node/interface.ts';
import { ModelProblem } from '../../../../models/node/problem.ts';
import { EMBEDDER_ID } from '../../../../models/rules/manifest.ts';
import { Problem } from '../../../errors/problem.ts';
import type { Services } from '../../platform/access/route.ts';
import { findSorted } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { sharedPipeline } from './faces.ts';

/** The embedder that new templates are made with: the one that kiosks were switched to last, else the one that ships. */
export async function presentEmbedder(db: Db): Promise<string> {
  const switched = { state: ['switched', 'done'] } as const;
  const [row] = await findSorted(db, 'model_migration', switched, ['made_at'], { descending: true, limit: 1 });
  return row?.to_model ?? EMBEDDER_ID;
}

/** Outside of any transaction. @throws Problem `models-missing`, `models-altered` */
export async function presentPipeline({ db, config }: Pick<Services, 'db' | 'config'>): Promise<FacePipeline> {
  const embedder = await presentEmbedder(db);
  try {
    return await sharedPipeline(config.weights, embedder);
  } catch (cause) {
    if (!(cause instanceof ModelProblem)) throw cause;
    throw new Problem(modelsCode(cause), { cause });
  }
}

/** What is wrong with the models, as checks and answers call it. */
export const modelsCode = ({ code }: ModelProblem): 'models-missing' | 'models-altered' =>
  code === 'model-missing' || code === 'model-unknown' ? 'models-missing' : 'models-altered';
