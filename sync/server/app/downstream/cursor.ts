/**
 * A kiosk's position in the log, as text that only the server reads: the log's epoch, the scope, position and tag of
 * the last row seen, and inside a snapshot the last person sent.
 */
export interface Position {
  readonly logEpoch: string;
  /** Of the scope that was read: a device that moved to another site starts over. */
  readonly scope: string;
  readonly position: number;
  readonly tag: string;
  /** Inside a snapshot: the erasure (`e`) or person (`p`) after which it goes on. */
  readonly after?: string;
}

const PATTERN =
  /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{8})\.([0-9]{1,15})\.([A-Za-z0-9_+/-]{1,20})(?:\.([ep][0-9a-f-]{36}))?$/;

export function writeCursor(p: Position): string {
  return [p.logEpoch, p.scope, p.position, p.tag, ...(p.after ? [p.after] : [])].join('.');
}

/** Null: not ours, or empty. Either way there is nothing to go on from. */
export function readCursor(text: string): Position | null {
  const [, logEpoch, scope, position, tag, after] = PATTERN.exec(text) ?? [];
  if (!logEpoch || !scope || !position || !tag) return null;
  return { logEpoch, scope, position: Number(position), tag, ...(after && { after }) };
}
