/**
 * Loaded into a server of a fault run before any of its code (`--import`). Shifts its wall clock on an `Order` over IPC, as for a
 * kiosk.
 */
import { skewClock } from './clock.ts';
import type { Order } from './kiosk.ts';

process.on('message', (order: Order) => {
  if (order.do === 'skew') skewClock(order.ms);
});
