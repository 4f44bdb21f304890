import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

/**
 * Reads the options of a command that runs tests. `--help` prints the usage and exits with 0; wrong options print it and exit
 * with 2.
 * @param wrong returns what is wrong with the values of known options
 */
export function readOptions<const O extends Options>(
  usage: string,
  options: O,
  wrong: (values: Values<O>) => string | null = () => null,
): Values<O> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`usage: ${usage}\n`);
    process.exit(0);
  }
  const parsed = (() => {
    try {
      return parseArgs({ args, options }).values;
    } catch (error) {
      return (error as Error).message;
    }
  })();
  const problem = typeof parsed === 'string' ? parsed : wrong(parsed);
  if (typeof parsed !== 'string' && problem === null) return parsed;
  process.stderr.write(`${problem}\nusage: ${usage}\n`);
  process.exit(2);
}

/** Whether an option is a whole number of at least `least`. */
export const isWhole = (text: string, least = 1): boolean => /^\d{1,9}$/.test(text) && Number(text) >= least;
