/** Exit codes of every command, as `--help` and the README state them. */
export const EXIT = {
  /** All done. */
  ok: 0,
  /** Done, and something needs attention: a photo was refused, a check found a problem, a bar was missed. */
  attention: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The kiosk's store, or the server or its database, can't be opened or reached: wrong key, in use without a staff PIN. */
  store: 3,
} as const;

export const EXIT_HELP = `
Exit codes: 0 all done; 1 done, and something needs attention; 2 wrong usage;
3 the kiosk's store, or the server or its database, can't be opened or reached.`;
