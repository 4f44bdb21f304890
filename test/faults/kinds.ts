/** The kinds of fault that can hit the sync. `weight` is how often a kind is drawn relative to the others. */
export const KINDS = {
  'kill-kiosk': 4,
  'kill-server': 4,
  'kill-broker': 3,
  'kill-postgres': 3,
  /** The broker dies and restarts without what it had acknowledged. */
  'broker-amnesia': 2,
  'net-cut': 4,
  'net-blackhole': 2,
  'net-delay': 2,
  'net-half-close': 3,
  /** Connections between a server and its database or the broker: cut, swallowed or half closed. */
  'net-server-database': 3,
  'net-server-broker': 2,
  /** Duplicated or reordered bytes in the stream. TLS detects it and the connection is lost. */
  'net-duplicate': 2,
  'net-reorder': 2,
  /** The broker's operator republishes whole messages, immediately or later, in a different order. */
  'message-replay': 4,
  'message-reorder': 3,
  'clock-forward': 2,
  'clock-back': 2,
  /** The kiosk starts with its clock at 1970. */
  'clock-dead-boot': 2,
  /** A server's clock jumps by hours or by more than a certificate's lifetime, and is corrected later. */
  'clock-server': 2,
  'disk-full-kiosk': 1,
  'disk-full-server': 1,
  /** The kiosk's certificate expires while it is disconnected. It reconnects and renews. */
  'certificate-expiry': 1,
  'server-restore': 1,
  'kiosk-rollback': 1,
} as const;
export type Kind = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as Kind[];
