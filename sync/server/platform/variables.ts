import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';

/** Types of environment variables. Each part of the server declares its own variables; app/config.ts merges them. */

export const Port = z.coerce.number({ error: 'must be a port number' }).int().min(0).max(65535);

export const IpAddress = z
  .string()
  .refine((text) => isIP(text) !== 0, 'must be an IP address, e.g. 127.0.0.1 or 0.0.0.0');

/** A file or folder, made absolute. */
export const Path = z
  .string()
  .min(1)
  .transform((path) => resolve(path));

export const wholeNumber = (unit: 'days' | 'seconds', least: number, most: number) =>
  z.coerce
    .number({ error: `must be ${unit}, ${least} to ${most}` })
    .int({ error: `must be whole ${unit}` })
    .min(least, `must be at least ${least} ${unit}`)
    .max(most, `must be at most ${most} ${unit}`);

/** A comma-separated list. */
export const listOf = <T extends z.ZodType<unknown, string>>(item: T, most = Number.POSITIVE_INFINITY) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item).max(most));

/** @param read returns the value, or a text that says what is wrong */
export const readBy = <T extends object>(read: (text: string) => T | string, missing?: string) =>
  z.string(missing === undefined ? undefined : { error: missing }).transform((text, ctx) => {
    const value = read(text);
    if (typeof value !== 'string') return value;
    ctx.addIssue({ code: 'custom', message: value });
    return z.NEVER;
  });
