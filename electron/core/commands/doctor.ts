import { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';
import { storeCommand } from '../command.ts';

/** What `doctor` says of a kiosk: the models that it has loaded, or why no face is recognised. */
export interface KioskHealth {
  readonly ok: boolean;
  readonly embedder: string | null;
  /** The operator's liveness model; null: there is none. */
  readonly passiveLiveness: string | null;
  readonly problem: { readonly code: string; readonly message: string; readonly nextStep: string } | null;
}

/** `doctor` of a kiosk: whether every model that it goes by loads, as its core finds it. Exit code 1 when one does not. */
export const kioskDoctor = storeCommand({
  name: 'doctor',
  args: z.strictObject({}),
  async run(context, _args, output) {
    try {
      const { pipeline, recogniser } = await context.faces();
      if (recogniser.off) throw recogniser.off;
      output.line({
        ok: true,
        embedder: pipeline.model,
        passiveLiveness: pipeline.passive?.model ?? null,
        problem: null,
      });
      return 0;
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      const { code, message, nextStep } = cause;
      output.line({ ok: false, embedder: null, passiveLiveness: null, problem: { code, message, nextStep } });
      return 1;
    }
  },
});
