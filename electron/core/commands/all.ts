import type { StoreCommand } from '../command.ts';
import { STAFF_COMMANDS } from '../staff/commands.ts';
import { checkStoreCommand, listCheckinsCommand, rekeyStoreCommand } from '../store/commands.ts';
import { syncStatusCommand } from '../sync/command.ts';
import { updateNowCommand, updateStatusCommand } from '../update/commands.ts';
import { DEVICE_COMMANDS } from './device.ts';
import { kioskDoctor } from './doctor.ts';
import { identifyFaces } from './identify.ts';
import { importPeople } from './import.ts';
import { livenessTrial } from './liveness-trial.ts';

/** Every command that a running core accepts over its control socket. */
export const STORE_COMMANDS: readonly StoreCommand[] = [
  identifyFaces,
  importPeople,
  checkStoreCommand,
  rekeyStoreCommand,
  listCheckinsCommand,
  syncStatusCommand,
  updateStatusCommand,
  updateNowCommand,
  kioskDoctor,
  livenessTrial,
  ...DEVICE_COMMANDS,
  ...STAFF_COMMANDS,
];
