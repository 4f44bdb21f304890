import type { Command } from 'commander';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { EXIT, EXIT_HELP } from '../exit-codes.ts';
import { operate, serverEnvironment } from '../server/environment.ts';
import { add as addEmbedder, toKiosk } from './add.ts';

/** `models …`: on the server, the move to another embedder. */
export function registerModels(program: Command): void {
  const models = program.command('models').description('The embedder that makes templates, and the move to another.');
  const weights = async () => {
    const { DEFAULT_WEIGHTS } = await import('../../../models/node/weights.ts');
    const env = await serverEnvironment().catch((cause: unknown) => {
      // Weights may be there before the server is.
      if (cause instanceof Problem && cause.code === 'server-missing') return process.env;
      throw cause;
    });
    return env.SMARTPRESENCE_WEIGHTS || DEFAULT_WEIGHTS;
  };
  addEmbedder(models, (kiosk) => (kiosk ? toKiosk() : weights()), true);
  const line = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const add = (name: string, text: string) => models.command(name).description(text).addHelpText('after', EXIT_HELP);
  add('list', 'The embedders that this server may load, and the present one.').action(async () =>
    line(await operate('models list', {})),
  );
  add('migrate', 'Make everybody’s templates with another embedder, from the photos of their enrolment; a job does it.')
    .requiredOption('--to <id>', 'as `models list` names it')
    .action(async (o: { to: string }) => line({ migration: await operate('models migrate', { to: o.to }) }));
  add('status', 'How far it is; exit code 1 when someone has to be re-enrolled.').action(async () => {
    const progress = await operate('models status', {});
    line(progress);
    process.exitCode = progress && progress.reenrol > 0 ? EXIT.attention : EXIT.ok;
  });
  add('reenrol', 'Who has to be re-enrolled, one a line, and why.').action(async () => {
    for (const one of await operate('models reenrol', {})) line(one);
  });
  add('switch', 'Switch every kiosk to the new embedder; the old templates stay.').action(async () =>
    line(await operate('models switch', {})),
  );
  add('finish', 'Delete the old embedder’s templates, here and on every kiosk.').action(async () =>
    line(await operate('models finish', {})),
  );
  add('cancel', 'Give the move up before kiosks were switched.').action(async () =>
    line(await operate('models cancel', {})),
  );
}
