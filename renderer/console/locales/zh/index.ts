import { account } from './account.ts';
import { board } from './board.ts';
import { problem } from './problem.ts';
import { records } from './records.ts';
import { shell } from './shell.ts';

export const zh = { ...shell, ...records, account, board, problem };
