/**
 * Settings under which PostgreSQL writes bind parameters, which are people's values and pgcrypto's pass phrase, into its own
 * log. Pure.
 */

/** Asked of `current_setting(name, true)`: effective for our own role and database; null where there is no such setting. */
export const LOG_SETTINGS = [
  'log_statement',
  'log_min_duration_statement',
  'log_min_duration_sample',
  'log_statement_sample_rate',
  'log_transaction_sample_rate',
  'log_parameter_max_length',
  'log_parameter_max_length_on_error',
  'debug_print_parse',
  'debug_print_rewritten',
  'debug_print_plan',
  'auto_explain.log_min_duration',
  'pgaudit.log_parameter',
] as const;
export type LogSettings = Readonly<Partial<Record<(typeof LOG_SETTINGS)[number], string | null>>>;

const off = (value: string | null | undefined) => value === undefined || value === null || value === '-1';
const on = (value: string | null | undefined) => value === 'on';
const positive = (value: string | null | undefined) => Number(value ?? 0) > 0;

/** @returns what has to be set otherwise, one line each; empty: no parameter is written */
export function loggedParameters(s: LogSettings): string[] {
  const wrong: string[] = [];
  // Since 13 one setting keeps the parameters out of every line that a statement is logged by.
  if (s.log_parameter_max_length !== '0') {
    const hint = 'or log_parameter_max_length = 0';
    if (s.log_statement === 'mod' || s.log_statement === 'all') wrong.push(`log_statement = none, ${hint}`);
    if (!off(s.log_min_duration_statement)) wrong.push(`log_min_duration_statement = -1, ${hint}`);
    if (!off(s.log_min_duration_sample) && positive(s.log_statement_sample_rate))
      wrong.push(`log_min_duration_sample = -1, ${hint}`);
    if (positive(s.log_transaction_sample_rate)) wrong.push(`log_transaction_sample_rate = 0, ${hint}`);
  }
  if (s.log_parameter_max_length_on_error !== undefined && s.log_parameter_max_length_on_error !== '0')
    wrong.push('log_parameter_max_length_on_error = 0');
  for (const name of ['debug_print_parse', 'debug_print_rewritten', 'debug_print_plan'] as const)
    if (on(s[name])) wrong.push(`${name} = off`);
  // Its plans hold the values, whatever becomes of the parameters.
  if (!off(s['auto_explain.log_min_duration'])) wrong.push('auto_explain.log_min_duration = -1');
  if (on(s['pgaudit.log_parameter'])) wrong.push('pgaudit.log_parameter = off');
  return wrong;
}
