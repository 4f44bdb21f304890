import { checkStoreCommand, listCheckinsCommand, rekeyStoreCommand } from '../store/commands.ts';
import { syncStatusCommand } from '../sync/command.ts';
import { TECHNICIAN_COMMANDS } from '../technician/commands.ts';
import { updateNowCommand, updateStatusCommand } from '../update/commands.ts';
import type { StoreCommand } from './command.ts';
import { DEVICE_COMMANDS } from './device.ts';
import { identifyFaces } from './identify.ts';
import { importPeople } from './import.ts';
import { setStaffPin } from './staff-pin.ts';

/** Every command that a running core takes over its control socket. */
export const STORE_COMMANDS: readonly StoreCommand[] = [
  identifyFaces,
  importPeople,
  setStaffPin,
  checkStoreCommand,
  rekeyStoreCommand,
  listCheckinsCommand,
  syncStatusCommand,
  updateStatusCommand,
  updateNowCommand,
  ...DEVICE_COMMANDS,
  ...TECHNICIAN_COMMANDS,
];
