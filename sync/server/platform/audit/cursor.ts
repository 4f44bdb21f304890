import { z } from 'zod';

/** Sort key of the log's lists. */
export const Position = z.tuple([z.number().int().positive()]);
