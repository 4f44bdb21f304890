import type { Board } from '../../protocol/api/live.ts';

/** Who looks at a live screen. More roles: one entry each in `VIEW`. */
export type Role = 'admin';

/**
 * What a role may see of a board. Pure; what is left out here never leaves the server. A view may drop rows, fields that
 * the schema allows to be absent, and devices, but keeps `log` and `position`, so that its reader can resume.
 */
export const VIEW: Readonly<Record<Role, (board: Board) => Board>> = {
  admin: (board) => board,
};
