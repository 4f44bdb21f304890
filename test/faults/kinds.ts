/** What can happen to the sync, by kind; `weight` is how often it is drawn beside the others. */
export const KINDS = {
  'kill-kiosk': 4,
  'kill-server': 4,
  'kill-broker': 3,
  'kill-postgres': 3,
  /** The broker dies and comes back without what it had acknowledged. */
  'broker-amnesia': 2,
  'net-cut': 4,
  'net-blackhole': 2,
  'net-delay': 2,
  'net-half-close': 3,
  /** Between a server and its database, and between a server and the broker: cut, swallowed or half closed. */
  'net-server-database': 3,
  'net-server-broker': 2,
  /** Bytes of the stream twice, or in another order: TLS finds it, the connection is lost. */
  'net-duplicate': 2,
  'net-reorder': 2,
  /** The broker's operator publishes whole messages again, at once or later, in another order. */
  'message-replay': 4,
  'message-reorder': 3,
  'clock-forward': 2,
  'clock-back': 2,
  /** The kiosk starts with its clock at 1970. */
  'clock-dead-boot': 2,
  /** A server's clock jumps, by hours or by more than a certificate lives, and is put right again. */
  'clock-server': 2,
  'disk-full-kiosk': 1,
  'disk-full-server': 1,
  /** The kiosk's certificate expires while it is cut off; it comes back and renews. */
  'certificate-expiry': 1,
  'server-restore': 1,
  'kiosk-rollback': 1,
} as const;
export type Kind = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as Kind[];
