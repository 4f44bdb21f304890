import { z } from 'zod';

/** Variables of the environment that are about webhooks; merged into the server's one schema (config.ts). */
export const webhookVariables = {
  /** `yes`: receivers on this very machine are allowed, e.g. a payroll program beside the server. */
  SMARTPRESENCE_WEBHOOKS_LOOPBACK: z.enum(['yes', 'no'], { error: 'must be yes or no' }).default('no'),
};

export type WebhookSettings = Readonly<ReturnType<typeof webhookSettings>>;

export const webhookSettings = (e: z.infer<z.ZodObject<typeof webhookVariables>>) => ({
  loopback: e.SMARTPRESENCE_WEBHOOKS_LOOPBACK === 'yes',
});
