/** What `npm start` says: short lines with the time, and a sentence for each check-in. */
export function say(line: string): void {
  watchTerminal();
  process.stdout.write(`${line}\n`);
}

let watched = false;
/** The terminal may be closed while we stop because of just that; nobody reads then, and stopping goes on. */
function watchTerminal(): void {
  if (watched) return;
  watched = true;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

type Fields = Readonly<Record<string, unknown>>;

/** A log line of the core or a host as the terminal shows it, or null when it is of no use to a newcomer. */
export function logLine(level: string, message: string, fields: Fields): string | null {
  const time = new Date().toLocaleTimeString('en-GB');
  if (message === 'check-in') {
    const who = typeof fields.name === 'string' ? fields.name : 'someone';
    const score = typeof fields.score === 'number' ? `, score ${fields.score.toFixed(2)}` : '';
    return `${time}  ✓ ${who} checked ${fields.direction} (${fields.method}${score}, liveness: ${fields.liveness})`;
  }
  if (level === 'debug' || level === 'info') return null;
  const error = fields.error as { code?: string; message?: string } | undefined;
  return `${time}  ${level === 'error' ? '✗' : '!'} ${message}${error?.message ? `: ${error.code ? `${error.code}: ` : ''}${error.message}` : ''}`;
}
