export const RUN_EXIT = {
  /** It was asked to stop: SIGTERM, SIGINT, SIGHUP. */
  ended: 0,
  /** A fault of ours, or it did not end in time when it was asked to. Starting again may help. */
  failed: 1,
  /** The command line or the environment is wrong. */
  usage: 2,
  /** A person has to supply something: Chromium, the device secret, a free port, a user other than root. */
  refused: 3,
  /** It wants to be started again: into another build after an update, because its server asked for it, or since its core died on trial. */
  restart: 4,
} as const;
