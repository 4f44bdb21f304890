import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { logError } from './errors.ts';
import { logFields } from './fields.ts';
import { scrub } from './scrub.ts';

/**
 * The server's logger: JSON, a line each, with an instant and a level. Lines hold the known fields in their known shapes,
 * errors without what their makers may have put into them, and sentences without what looks like a person's or a secret.
 */
export function createLogger(
  level: LoggerOptions['level'] & string,
  to: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (error: unknown) => logError(error) },
      formatters: { log: (fields) => logFields(fields) },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args as unknown[];
          const fields = first instanceof Error ? { err: first } : first;
          // Without a sentence pino takes the error's own message for one.
          const texts = rest.length === 0 && typeof fields === 'object' ? ['failed'] : rest;
          const safe = [fields, ...texts].map((arg) => (typeof arg === 'string' ? scrub(arg, { quotes: false }) : arg));
          method.apply(this, safe as Parameters<typeof method>);
        },
      },
    },
    to,
  );
}
