import type { Role } from '../../../protocol/api/endpoint.ts';
import { type Board, watchBoard } from '../../../protocol/api/live.ts';

/** Roles that may see a live screen. Not `person`, since it shows other people. */
export type Viewer = Exclude<Role, 'person'>;

export const isViewer = (role: string): role is Viewer => watchBoard.roles.includes(role as Viewer);

/** Removes names for an auditor, who checks that records are whole and who saw them, and needs no names for this. */
const withoutNames = (board: Board): Board => ({
  ...board,
  rows: board.rows.map((row) => ({ ...row, name: null, person: null })),
});

/**
 * Reduces a board to what a role may see. Pure. Data left out here never leaves the server. A view may drop rows, devices and
 * fields that may be absent in the schema, but keeps `log` and `position`, so that its reader can resume.
 */
export const VIEW: Readonly<Record<Viewer, (board: Board) => Board>> = {
  admin: (board) => board,
  dpo: (board) => board,
  staff: (board) => board,
  auditor: withoutNames,
};
