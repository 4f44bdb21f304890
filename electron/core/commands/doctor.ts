import { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';
import { storeCommand } from '../command.ts';

/** What `doctor` reports about a kiosk: the models it has loaded, or why no face is recognised. */
export interface KioskHealth {
  readonly ok: boolean;
  readonly embedder: string | null;
  /** The operator's liveness model; null if there is none. */
  readonly passiveLiveness: string | null;
  readonly problem: { readonly code: string; readonly message: string; readonly nextStep: string } | null;
}

/** `doctor` on a kiosk: whether every model it uses loads, as its core finds it. Exit code 1 if one does not. */
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
