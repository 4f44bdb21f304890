export const RUN_EXIT = {
  /** It was asked to stop: SIGTERM, SIGINT, SIGHUP. */
  ended: 0,
  /** An error of ours, or it did not stop in time when asked. Restarting may help. */
  failed: 1,
  /** The command line or the environment is wrong. */
  usage: 2,
  /** A person has to supply something: Chromium, the device secret, a free port, a user other than root. */
  refused: 3,
  /** It wants a restart: into another build after an update, by request of its server, or since its core crashed on trial. */
  restart: 4,
} as const;
