import { z } from 'zod';
import { type LivenessStrength, STRENGTHS } from '../../../models/rules/liveness/challenge.ts';
import { FACE_BOX_BROWSER } from '../../../models/rules/manifest.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { Presented } from '../checkin/trial.ts';
import { storeCommand } from '../command.ts';
import { readPolicy, wantsLight } from '../site/policy.ts';
import { COMMIT, VERSION } from '../version.ts';

/** The system under test. Results of different systems are never combined. */
export const TrialSystem = z.strictObject({
  version: z.string(),
  commit: z.string().nullable(),
  detector: z.string(),
  embedder: z.string(),
  /** The operator's liveness model; null if there is none. */
  passiveLiveness: z.string().nullable(),
  /** True if the screen's colours follow the moves and have to be answered. */
  light: z.boolean(),
  strength: z.enum(STRENGTHS as [LivenessStrength, ...LivenessStrength[]]),
});
export type TrialSystem = z.infer<typeof TrialSystem>;

export type PresentedLine = Presented & { readonly system: TrialSystem };

/** Null for the strength that the site's policy requires. */
const strength = TrialSystem.shape.strength.nullable();

/**
 * `liveness trial`, one step: each `present` is one presentation at the running kiosk's camera. In between, faces check nobody
 * in. Only statistics result from it.
 */
export const livenessTrial = storeCommand({
  name: 'liveness trial',
  args: z.discriminatedUnion('action', [
    z.strictObject({ action: z.literal('begin'), strength }),
    z.strictObject({ action: z.literal('present'), strength, seconds: z.number().int().min(1).max(300) }),
    z.strictObject({ action: z.literal('end') }),
  ]),
  async run(context, args, output) {
    const { trial, site } = context;
    if (!trial) throw new Problem('kiosk-not-running');
    if (args.action === 'end') {
      trial.end();
      return 0;
    }
    const asked = args.strength ?? (site.liveness === 'off' ? null : site.liveness);
    if (asked === null) throw new Problem('liveness-off');
    trial.begin();
    const { pipeline } = await context.faces();
    const system: TrialSystem = {
      version: VERSION,
      commit: COMMIT,
      detector: `${FACE_BOX_BROWSER.file}@${FACE_BOX_BROWSER.sha256.slice(0, 12)}`,
      embedder: pipeline.model,
      passiveLiveness: pipeline.passive?.model ?? null,
      light: wantsLight(readPolicy(context.store.roster.policy)),
      strength: asked,
    };
    if (args.action === 'begin') {
      output.line(system);
      return 0;
    }
    const presented = await trial.present(asked, args.seconds * 1000, output.signal);
    if (!presented) return 1;
    output.line({ ...presented, system } satisfies PresentedLine);
    return 0;
  },
});
