import type { Command } from '@commander-js/extra-typings';
import { Problem } from '../../../sync/errors/problem.ts';
import * as api from '../../../sync/protocol/api/embedders.ts';
import { EXIT } from '../exit-codes.ts';
import { call, serverEnvironment } from '../server/environment.ts';
import { add as addModel, toKiosk } from './add.ts';

/** `models …`: on the server, migrates to another embedder. */
export function registerModels(program: Command): void {
  const models = program.command('models').description('Manage face models, and move to another.');
  const weights = async () => {
    const { DEFAULT_WEIGHTS } = await import('../../../models/node/weights.ts');
    const env = await serverEnvironment().catch((cause: unknown) => {
      // Weights may be added before there is a server.
      if (cause instanceof Problem && cause.code === 'server-missing') return process.env;
      throw cause;
    });
    return env.SMARTPRESENCE_WEIGHTS || DEFAULT_WEIGHTS;
  };
  addModel(models, (kiosk) => (kiosk ? toKiosk() : weights()), 'option');
  const line = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const add = (name: string, text: string) => models.command(name).description(text);
  add('list', 'List the embedders this server can load, and the one in use.').action(async () =>
    line(await call(api.listEmbedders)),
  );
  add(
    'migrate',
    'Start making everyone’s templates with another embedder, from their enrolment photos, in a background job.',
  )
    .requiredOption('--to <id>', 'ID of the embedder, see `models list`')
    .action(async (o) => line(await call(api.beginEmbedderMove, { body: { to: o.to } })));
  add('status', 'Show the progress. Exit code 1 when someone has to be re-enrolled.').action(async () => {
    const progress = await call(api.getEmbedderMove);
    line(progress);
    process.exitCode = progress && progress.reenrol > 0 ? EXIT.attention : EXIT.ok;
  });
  add('reenrol', 'List who has to be re-enrolled, and why, one per line.').action(async () => {
    for (const one of (await call(api.listEmbedderReenrolments)).items) line(one);
  });
  add('switch', 'Switch every kiosk to the new embedder; the old templates stay.').action(async () =>
    line(await call(api.switchEmbedder)),
  );
  add('finish', 'Delete the old embedder’s templates, here and on every kiosk.').action(async () =>
    line(await call(api.finishEmbedderMove)),
  );
  add('cancel', 'Cancel the move before kiosks are switched.').action(async () =>
    line(await call(api.cancelEmbedderMove)),
  );
}
