/**
 * Loaded into a server of a fault run before anything of the server (`--import`): its wall clock jumps when a run says
 * over IPC, by the same `Order` that moves a kiosk's.
 */
import { skewClock } from './clock.ts';
import type { Order } from './kiosk.ts';

process.on('message', (order: Order) => {
  if (order.do === 'skew') skewClock(order.ms);
});
