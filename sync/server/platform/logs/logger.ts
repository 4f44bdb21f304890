import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { logError } from './errors.ts';
import { logFields } from './fields.ts';
import { scrub } from './scrub.ts';

/**
 * Creates the server's logger: one JSON object per line, with time and level. Lines contain only known fields in their known
 * shapes, errors without possible personal data, and messages without anything that looks like personal data or a secret.
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
          // Without a message, pino would use the error's own.
          const texts = rest.length === 0 && typeof fields === 'object' ? ['failed'] : rest;
          const safe = [fields, ...texts].map((arg) => (typeof arg === 'string' ? scrub(arg, { quotes: false }) : arg));
          method.apply(this, safe as Parameters<typeof method>);
        },
      },
    },
    to,
  );
}
