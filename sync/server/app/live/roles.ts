import type { Role } from '../../../protocol/api/endpoint.ts';
import { type Board, watchBoard } from '../../../protocol/api/live.ts';

/** Who may look at a live screen. A person may not: it shows others. */
export type Viewer = Exclude<Role, 'person'>;

export const isViewer = (role: string): role is Viewer => watchBoard.roles.includes(role as Viewer);

/** An auditor checks that records are whole and who saw them, and needs no name for it. */
const withoutNames = (board: Board): Board => ({
  ...board,
  rows: board.rows.map((row) => ({ ...row, name: null, person: null })),
});

/**
 * What a role may see of a board. Pure; what is left out here never leaves the server. A view may drop rows, fields that
 * the schema allows to be absent, and devices, but keeps `log` and `position`, so that its reader can resume.
 */
export const VIEW: Readonly<Record<Viewer, (board: Board) => Board>> = {
  admin: (board) => board,
  dpo: (board) => board,
  staff: (board) => board,
  auditor: withoutNames,
};
