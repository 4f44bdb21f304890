import type { z } from 'zod';

/** Parses a value stored as JSON; null if there is none, or none that this build can read. */
export function keptJson<S extends z.ZodType>(schema: S, text: string | null): z.output<S> | null {
  if (!text) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
